//! Views made in HiveQL, read over this face and in the engine's own SQL.

use doorstep_lake::encode::{Encoder, Form};
use doorstep_lake::{Engine as _, Limits, Session, Statement};

use crate::place::Place;
use crate::wire::Client;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lateral_views_stand_in_views() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut client = Client::open(at, &place.admin).await;
    let principal = place.keys.authenticate(place.admin.access.as_str(), &place.admin.secret).await.unwrap();
    let session = Session::new(principal);
    let sql = async |text: &str| {
        let running = place.engine.execute(&session, Statement::Sql(text.to_owned()), Limits::default()).await?;
        let outcome = running.collect(100).await?;
        let mut csv = Encoder::new(Form::Csv, outcome.schema.clone());
        let rows: Vec<u8> = outcome.batches.iter().flat_map(|batch| csv.rows(batch).unwrap()).collect();
        let text = String::from_utf8(rows).unwrap();
        Ok::<_, doorstep_lake::LakeError>(text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>())
    };

    for made in [
        "create table coll (id int, tags array<string>, props map<string, int>, place string)",
        "insert into coll select 1, array('a', 'b'), map('p', 1), 'x' union all \
         select 2, array('b'), map('q', 2, 'r', 3), 'y' union all select 3, null, null, 'z'",
    ] {
        client.rows(made).await.unwrap();
    }
    for (query, wanted) in [
        ("select id, tag from coll lateral view explode(tags) t as tag", &["1\ta", "1\tb", "2\tb"][..]),
        (
            "select id, tag from coll c lateral view outer explode(c.tags) t as tag",
            &["1\ta", "1\tb", "2\tb", "3\tNULL"],
        ),
        (
            "select id, concat(k, pos) as tag from coll lateral view posexplode(tags) t as pos, tag lateral view explode(props) p as k, v \
          where v > 0",
            &["1\tp0", "1\tp1", "2\tq0", "2\tr0"],
        ),
        (
            "select s.id, w as tag from (select id, place from coll) s lateral view explode(split(concat(place, '-', id), '-')) t as `w` where id < 3",
            &["1\t1", "1\tx", "2\t2", "2\ty"],
        ),
        (
            "select id, b as tag from coll lateral view inline(array(named_struct('a', id, 'b', place))) i as a, b",
            &["1\tx", "2\ty", "3\tz"],
        ),
        (
            "select id, a as tag from coll lateral view json_tuple(concat('{\"a\":', id, '}'), 'a') j as a",
            &["1\t1", "2\t2", "3\t3"],
        ),
        (
            "select t.id, t.tag from (select id, explode(tags) as tag from coll) t join coll c on c.id = t.id",
            &["1\ta", "1\tb", "2\tb"],
        ),
    ] {
        client
            .rows(&format!("create or replace view tagged as {query}"))
            .await
            .unwrap_or_else(|e| panic!("{query}: {e}"));
        let asked = "select id, tag from tagged order by id, tag";
        assert_eq!(client.rows(asked).await.unwrap(), wanted, "{query}");
        let rows: Vec<String> = wanted.iter().map(|row| row.replace("NULL", "").replace('\t', ",")).collect();
        assert_eq!(sql(asked).await.unwrap(), rows, "{query}");
    }
    // Names of its own, joins around it, and another view over it.
    client
        .rows(
            "create or replace view tagged (who, word) as select id, tag from coll lateral view explode(tags) t as tag",
        )
        .await
        .unwrap();
    client
        .rows("create view counted as select word, count(*) as n from tagged join coll on id = who group by word")
        .await
        .unwrap();
    assert_eq!(client.rows("select * from counted order by word").await.unwrap(), ["a\t1", "b\t2"]);
    assert_eq!(sql("SELECT * FROM counted ORDER BY word").await.unwrap(), ["a,1", "b,2"]);
    let shown = client.rows("show create table tagged").await.unwrap().join("\n");
    assert!(shown.contains("lateral view explode(tags)"), "{shown}");

    // What has no text of the engine's own.
    for query in [
        "select c.id, tag from coll c join coll d on c.id = d.id lateral view explode(c.tags) t as tag",
        "select explode(array(1, 2)) as n",
    ] {
        let refused = client.rows(&format!("create view odd as {query}")).await.unwrap_err();
        assert!(refused.contains("LATERAL VIEW") && refused.contains("subquery"), "{refused}");
    }
    // The form that such a view is kept in, written by somebody: it is no way to break anything.
    for text in [
        "SELECT * FROM coll UNPIVOT (__json_tuple() FOR \"lateral view\" IN (NULL AS t))",
        "SELECT * FROM coll UNPIVOT (__explode() FOR \"lateral view\" IN (NULL AS t, NULL AS x))",
        "SELECT * FROM coll UNPIVOT (__explode(id) FOR \"lateral view\" IN (NULL AS t, NULL AS x))",
        "SELECT * FROM coll UNPIVOT (1 FOR \"lateral view\" IN (NULL AS t, NULL AS x))",
        "SELECT * FROM coll UNPIVOT (__fly(tags) FOR \"lateral view\" IN (NULL AS t, NULL AS x))",
        "SELECT * FROM coll UNPIVOT (n FOR month IN (a, b))",
    ] {
        assert!(sql(text).await.is_err(), "{text}");
    }
}
