//! Questions that clients ask to find their way.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::place::Place;

async fn rows(client: &Client, question: &str) -> Vec<Vec<String>> {
    let messages = client.simple_query(question).await.unwrap_or_else(|e| panic!("{question}: {e:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|n| row.get(n).unwrap_or("-").to_owned()).collect()),
        _ => None,
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql_finds_tables_and_their_columns() {
    let place = Place::new().await;
    let client = place.connect().await;
    client.batch_execute("CREATE TABLE many (n BIGINT, at TIMESTAMP, words VARCHAR[])").await.unwrap();
    client.batch_execute("CREATE VIEW few AS SELECT n FROM many").await.unwrap();
    let listed = rows(
        &client,
        "SELECT n.nspname as \"Schema\", c.relname as \"Name\", CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END as \"Type\", \
         pg_catalog.pg_get_userbyid(c.relowner) as \"Owner\" FROM pg_catalog.pg_class c \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam \
         WHERE c.relkind IN ('r','p','v','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' \
         AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2",
    )
    .await;
    let shown: Vec<[&str; 3]> = listed.iter().map(|row| [row[0].as_str(), row[1].as_str(), row[2].as_str()]).collect();
    assert_eq!(shown, [["default", "few", "view"], ["default", "many", "table"]]);
    assert_eq!(listed[0][3], place.admin.access.as_str());

    let found = rows(
        &client,
        "SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname OPERATOR(pg_catalog.~) '^(many)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3",
    )
    .await;
    let oid = &found[0][0];
    assert_eq!(found.len(), 1);
    let columns = rows(
        &client,
        &format!(
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), \
             a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation, \
             a.attidentity, a.attgenerated FROM pg_catalog.pg_attribute a WHERE a.attrelid = '{oid}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        ),
    )
    .await;
    let shown: Vec<[&str; 3]> = columns.iter().map(|row| [row[0].as_str(), row[1].as_str(), row[2].as_str()]).collect();
    let expected = [["n", "bigint", "-"], ["at", "timestamp without time zone", "-"], ["words", "text[]", "-"]];
    assert_eq!(shown, expected);
    let policies = format!(
        "SELECT pol.polname, CASE WHEN pol.polroles = '{{0}}' THEN NULL ELSE pg_catalog.array_to_string(array(select rolname from pg_catalog.pg_roles where oid = any (pol.polroles) order by 1),',') END \
         FROM pg_catalog.pg_policy pol WHERE pol.polrelid = '{oid}' ORDER BY 1"
    );
    assert!(rows(&client, &policies).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drivers_ask_about_the_server_and_the_standard_s_tables() {
    let place = Place::new().await;
    let client = place.connect().await;
    client.batch_execute("CREATE TABLE many (n BIGINT, price DECIMAL(10, 2))").await.unwrap();
    assert!(rows(&client, "SELECT version()").await[0][0].starts_with("PostgreSQL 16"));
    assert_eq!(rows(&client, "SHOW TRANSACTION ISOLATION LEVEL").await, [["serializable"]]);
    assert_eq!(rows(&client, "SELECT current_setting('TimeZone'), pg_is_in_recovery()").await, [["UTC", "f"]]);
    assert_eq!(rows(&client, "SELECT 'many'::regclass = c.oid FROM pg_class c WHERE relname = 'many'").await, [["t"]]);
    assert_eq!(rows(&client, "SELECT datname FROM pg_database ORDER BY 1").await, [["default"], ["doorstep"]]);
    let columns = "SELECT column_name, data_type, ordinal_position FROM information_schema.columns \
                   WHERE table_catalog = current_database() AND table_schema = 'default' ORDER BY ordinal_position";
    assert_eq!(rows(&client, columns).await, [["n", "bigint", "1"], ["price", "numeric", "2"]]);
    let tables = client
        .query("SELECT tables.table_name FROM information_schema.tables WHERE table_schema = $1", &[&"default"])
        .await
        .unwrap();
    assert_eq!(tables[0].get::<_, &str>(0), "many");
    client.batch_execute("SET search_path = \"$user\", doorstep").await.unwrap();
    assert_eq!(rows(&client, "SELECT current_schema()").await, [["doorstep"]]);
}
