//! Forty statements that Hive users write daily, in the order of a working day: each runs, or is refused by its name.

use crate::place::Place;
use crate::wire::Client;

enum Wanted {
    /// It goes well; rows are not looked at.
    Done,
    /// These rows.
    Rows(&'static [&'static str]),
    /// A row holds this.
    Shows(&'static str),
    /// It is refused with this word.
    Refused(&'static str),
}

use Wanted::{Done, Refused, Rows, Shows};

const FORTY: &[(&str, Wanted)] = &[
    ("create database if not exists work comment 'a day'", Done),
    ("show databases like 'wo*'", Rows(&["work"])),
    ("use work", Done),
    ("set hive.exec.dynamic.partition.mode=nonstrict", Done),
    ("create external table old (id int) stored as orc location '/in/old'", Refused("STORED AS ORC")),
    (
        "create table sales (id int, item string, tags array<string>, price double) partitioned by (day string) \
         clustered by (id) into 4 buckets stored as orc tblproperties ('owner' = 'me')",
        Done,
    ),
    (
        "create external table raw (id int, item string, price double) partitioned by (day string) \
         row format delimited fields terminated by '\\t' stored as textfile location '/in/raw'",
        Done,
    ),
    ("msck repair table raw", Done),
    ("show partitions raw", Rows(&["day=2026-01-01", "day=2026-01-02"])),
    (
        "select * from raw order by id",
        Rows(&["1\tpen\t1.5\t2026-01-01", "2\tNULL\tNULL\t2026-01-01", "3\tink\t4.0\t2026-01-02"]),
    ),
    (
        "insert overwrite table sales partition (day) select id, item, array('new', lower(item)), price, day from raw",
        Done,
    ),
    ("insert into sales partition (day = '2026-01-03') values (4, 'cap', array('old'), 2.25)", Done),
    ("alter table sales add if not exists partition (day = '2026-01-04')", Done),
    ("show partitions sales", Rows(&["day=2026-01-01", "day=2026-01-02", "day=2026-01-03", "day=2026-01-04"])),
    ("analyze table sales partition (day) compute statistics for columns", Done),
    ("describe formatted sales", Shows("MANAGED_TABLE")),
    ("show create table sales", Shows("PARTITIONED BY")),
    ("show create table sales", Shows("STORED AS PARQUET")),
    ("explain select count(*) from sales where day = '2026-01-01'", Shows("Aggregate")),
    ("explain cost select count(*) from sales where day = '2026-01-01'", Shows("query_cpu")),
    (
        "explain cost insert into sales partition (day = '2026-01-09') select id, item, tags, price from sales",
        Shows("total"),
    ),
    ("select `item` from sales where day = '2026-01-03'", Rows(&["cap"])),
    (
        "select tag, count(*) from sales lateral view explode(tags) t as tag group by tag order by tag",
        Rows(&["NULL\t1", "ink\t1", "new\t3", "old\t1", "pen\t1"]),
    ),
    (
        "select id, p, tag from sales lateral view posexplode(tags) t as p, tag where id = 1",
        Rows(&["1\t0\tnew", "1\t1\tpen"]),
    ),
    ("select id from sales sort by id", Rows(&["1", "2", "3", "4"])),
    ("select id from sales distribute by day sort by id desc", Rows(&["4", "3", "2", "1"])),
    ("select id from sales cluster by id", Rows(&["1", "2", "3", "4"])),
    (
        "select item from sales s left semi join (select 1 as id union all select 4) k on s.id = k.id order by item",
        Rows(&["cap", "pen"]),
    ),
    (
        "select day, item, sum(price), grouping__id from sales where id in (1, 3) group by day, item \
         grouping sets ((day), ()) order by day",
        Rows(&["NULL\tNULL\t5.5\t3", "2026-01-01\tNULL\t1.5\t1", "2026-01-02\tNULL\t4.0\t1"]),
    ),
    (
        "select id, rank() over (order by price desc nulls last), sum(price) over (order by id rows between unbounded \
         preceding and current row) from sales order by id",
        Rows(&["1\t3\t1.5", "2\t4\t1.5", "3\t1\t5.5", "4\t2\t7.75"]),
    ),
    ("select count(*) from sales tablesample(100 percent)", Rows(&["4"])),
    (
        "select sort_array(collect_set(day)), size(collect_list(item)) from sales",
        Rows(&["[\"2026-01-01\",\"2026-01-02\",\"2026-01-03\"]\t3"]),
    ),
    (
        "select date_add('2026-01-30', 3), datediff('2026-02-02', '2026-01-30'), date_format('2026-01-30', 'yyyy/MM')",
        Rows(&["2026-02-02\t3\t2026/01"]),
    ),
    ("select regexp_extract('a-17-b', '([0-9]+)', 1), get_json_object('{\"a\":{\"b\":7}}', '$.a.b')", Rows(&["17\t7"])),
    (
        "select percentile_approx(id, 0.5) is not null, 7 div 2, -7 % 3, 1 / 0, nvl(null, 'x') from sales",
        Rows(&["true\t3\t-1\tNULL\tx"]),
    ),
    ("select unix_timestamp() > 1700000000, to_date(current_timestamp()) = current_date", Rows(&["true\ttrue"])),
    ("create table cheap as select id, item from sales where price < 2", Done),
    ("create table dear (id int, item string) stored as textfile", Done),
    (
        "from sales insert overwrite table cheap select id, item where price < 2 insert into table dear select id, \
         item where price >= 2",
        Done,
    ),
    ("select (select count(*) from cheap), (select count(*) from dear)", Rows(&["1\t2"])),
    ("load data inpath '/in/more' into table dear", Done),
    ("select * from dear order by id", Rows(&["3\tink", "4\tcap", "9\that", "NULL\tcoat"])),
    ("select transform (id) using 'cat' as (x string) from sales", Refused("TRANSFORM")),
    ("create temporary function f as 'com.example.F'", Refused("CREATE FUNCTION")),
    ("alter table sales drop partition (day < '2026-01-02')", Done),
    ("truncate table dear", Done),
    ("drop database work cascade", Done),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_statements() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut client = Client::open(at, &place.admin).await;
    let files = place.folder.path().join("lake/files").join(place.admin.key.tenant.to_string()).join("in");
    for (file, text) in [
        ("raw/day=2026-01-01/a", "1\tpen\t1.5\n2\t\\N\tcheap\n"),
        ("raw/day=2026-01-02/a", "3\tink\t4\n"),
        ("more/a", "9\u{1}hat\nten\u{1}coat\n"),
    ] {
        let path = files.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut wrong = Vec::new();
    for (statement, wanted) in FORTY {
        let got = client.rows(statement).await;
        let good = match (wanted, &got) {
            (Done, Ok(_)) => true,
            (Rows(rows), Ok(got)) => {
                // NULLs stand first in Hive's order; this list is by what is told apart.
                let (mut rows, mut got): (Vec<&str>, Vec<&str>) =
                    (rows.to_vec(), got.iter().map(String::as_str).collect());
                if !statement.contains("sort by") && !statement.contains("cluster by") {
                    rows.sort_unstable();
                    got.sort_unstable();
                }
                rows == got
            }
            (Shows(word), Ok(got)) => got.iter().any(|row| row.contains(word)),
            (Refused(word), Err(why)) => why.contains(word),
            _ => false,
        };
        if !good {
            wrong.push(format!("{statement}\n  {got:?}"));
        }
    }
    assert!(FORTY.len() >= 40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
