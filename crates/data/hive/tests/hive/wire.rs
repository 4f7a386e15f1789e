//! A client of HiveServer2 in a few lines, and what only bytes can show: refusals, other tenants, bad frames.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use doorstep_hive::thrift::{Fields, Value, Writer, call, read_fields};
use doorstep_identity::NewKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::place::Place;

/// A session over a connection of its own.
pub(crate) struct Client {
    stream: TcpStream,
    session: Handle,
}

/// A handle as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handle(Vec<u8>, Vec<u8>);

impl Handle {
    fn of(fields: &Fields) -> Self {
        let id = fields.structure(1);
        Self(id.bytes(1).unwrap_or_default().to_vec(), id.bytes(2).unwrap_or_default().to_vec())
    }

    fn write(&self, w: &mut Writer, field: i16) {
        w.structure(field, |w| {
            w.structure(1, |w| {
                w.bytes(1, &self.0);
                w.bytes(2, &self.1);
            });
        });
    }
}

/// The SASL exchange; the server's last word.
async fn enter(stream: &mut TcpStream, user: &str, password: &str) -> (u8, String) {
    let response = format!("\0{user}\0{password}");
    let mut bytes = vec![1, 0, 0, 0, 5];
    bytes.extend(b"PLAIN");
    bytes.push(2);
    bytes.extend(u32::try_from(response.len()).unwrap().to_be_bytes());
    bytes.extend(response.as_bytes());
    stream.write_all(&bytes).await.unwrap();
    let status = stream.read_u8().await.unwrap();
    let mut text = vec![0; stream.read_u32().await.unwrap() as usize];
    stream.read_exact(&mut text).await.unwrap();
    (status, String::from_utf8(text).unwrap())
}

async fn frame(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    // In one piece, as clients do: the second of two would wait for the first one's acknowledgement.
    let whole = [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    stream.write_all(&whole).await.unwrap();
    let mut answer = vec![0; stream.read_u32().await.unwrap() as usize];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

/// What is inside of a reply.
fn body(reply: &[u8]) -> Fields {
    let name = u32::from_be_bytes(reply[4..8].try_into().unwrap()) as usize;
    read_fields(&reply[8 + name + 4..]).unwrap().structure(0).clone()
}

/// The message of a status that is no success.
fn failure(fields: &Fields) -> Option<String> {
    let status = fields.structure(1);
    (status.int(1).unwrap_or(0) > 1).then(|| status.text(5).unwrap_or_default().to_owned())
}

impl Client {
    pub(crate) async fn open(at: SocketAddr, key: &NewKey) -> Self {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let (status, why) = enter(&mut stream, key.access.as_str(), &key.secret).await;
        assert_eq!(status, 5, "{why}");
        let mut client = Self { stream, session: Handle::default() };
        let opened = client.call("OpenSession", |w| w.i32(1, 9)).await;
        assert_eq!(opened.int(2), Some(9));
        client.session = Handle::of(opened.structure(3));
        client
    }

    pub(crate) async fn call(&mut self, name: &str, fields: impl FnOnce(&mut Writer)) -> Fields {
        body(&frame(&mut self.stream, &call(name, 1, fields)).await)
    }

    /// Runs a statement and waits; its operation, if it goes well.
    pub(crate) async fn execute(&mut self, text: &str) -> Result<(Handle, bool), String> {
        let session = self.session.clone();
        let done = self
            .call("ExecuteStatement", |w| {
                session.write(w, 1);
                w.text(2, text);
                w.bool(4, false);
            })
            .await;
        match failure(&done) {
            Some(why) => Err(why),
            None => Ok((Handle::of(done.structure(2)), done.structure(2).flag(3))),
        }
    }

    /// All rows of a statement, tabs between cells.
    pub(crate) async fn rows(&mut self, text: &str) -> Result<Vec<String>, String> {
        let (operation, has_rows) = self.execute(text).await?;
        let mut rows = Vec::new();
        let mut more = has_rows;
        while more {
            let fetched = self.fetch(&operation).await?;
            more = !fetched.is_empty();
            rows.extend(fetched);
        }
        self.call("CloseOperation", |w| operation.write(w, 1)).await;
        Ok(rows)
    }

    /// Runs a statement and takes its rows without looking at them: how many, and the bytes of all answers.
    pub(crate) async fn drain(&mut self, text: &str, rows: i64) -> (usize, usize) {
        let (operation, _) = self.execute(text).await.unwrap();
        let (mut seen, mut bytes) = (0, 0);
        loop {
            let fetch = call("FetchResults", 1, |w| {
                operation.write(w, 1);
                w.i32(2, 0);
                w.i64(3, rows);
            });
            let answer = frame(&mut self.stream, &fetch).await;
            bytes += answer.len();
            let count = first_list(&answer);
            if count == 0 {
                break;
            }
            seen += count;
        }
        self.call("CloseOperation", |w| operation.write(w, 1)).await;
        (seen, bytes)
    }

    async fn fetch(&mut self, operation: &Handle) -> Result<Vec<String>, String> {
        let fetched = self
            .call("FetchResults", |w| {
                operation.write(w, 1);
                w.i32(2, 0);
                w.i64(3, 3);
            })
            .await;
        if let Some(why) = failure(&fetched) {
            return Err(why);
        }
        let Some(Value::List(columns)) = fetched.structure(3).get(3) else { return Ok(Vec::new()) };
        let columns: Vec<Vec<String>> = columns.iter().map(cells).collect();
        let rows = columns.first().map_or(0, Vec::len);
        let row = |at: usize| columns.iter().map(|c| c[at].as_str()).collect::<Vec<_>>().join("\t");
        Ok((0..rows).map(row).collect())
    }
}

/// How many values the first column of fetched rows has, read from where its head must stand: the call's head, the
/// status, the flag for more, the offset, the empty list of rows, and the head of the list of columns.
fn first_list(answer: &[u8]) -> usize {
    let name = u32::from_be_bytes(answer[4..8].try_into().unwrap()) as usize;
    let fields = &answer[8 + name + 4..];
    // 0 success { 1 status { 1 code } 2 more 3 rows { 1 offset 2 rows 3 columns { n kind { 1 values
    let head = 3 + (3 + 7 + 1) + 4 + 3 + 11 + 8 + 8 + 3 + 3;
    u32::from_be_bytes(fields[head + 1..head + 5].try_into().unwrap()) as usize
}

/// The cells of a TColumn as the golden files write them.
fn cells(column: &Value) -> Vec<String> {
    let Value::Struct(union) = column else { return Vec::new() };
    let inner = (1..=8).map(|id| union.structure(id)).find(|f| f.get(1).is_some()).unwrap();
    let (Some(Value::List(values)), Some(nulls)) = (inner.get(1), inner.bytes(2)) else { return Vec::new() };
    let text = |value: &Value| match value {
        Value::Bool(v) => v.to_string(),
        Value::Byte(v) => v.to_string(),
        Value::I16(v) => v.to_string(),
        Value::I32(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::Double(v) => format!("{v:?}"),
        Value::Bytes(bytes) if bytes.is_empty() => "(empty)".to_owned(),
        Value::Bytes(bytes) => {
            String::from_utf8_lossy(bytes).replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
        }
        other => format!("{other:?}"),
    };
    let is_null = |row: usize| nulls.get(row / 8).is_some_and(|byte| byte & (1 << (row % 8)) != 0);
    values.iter().enumerate().map(|(row, v)| if is_null(row) { "NULL".to_owned() } else { text(v) }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let (status, why) = enter(&mut stream, place.admin.access.as_str(), "wrong").await;
    assert_eq!(status, 3);
    assert!(why.contains("user is the access key"), "{why}");

    let mut boss = Client::open(at, &place.admin).await;
    boss.execute("create table secret (a int)").await.unwrap();
    boss.execute("insert into secret values (42)").await.unwrap();
    let stranger = place.stranger().await;
    let mut other = Client::open(at, &stranger).await;
    for text in ["select * from secret", "select * from default.secret", "drop table secret", "describe secret"] {
        let why = other.execute(text).await.unwrap_err();
        assert!(why.contains("secret"), "{text}: {why}");
    }
    assert_eq!(other.rows("show tables").await.unwrap(), Vec::<String>::new());

    // A handle of another connection opens nothing, even when every byte of it is known.
    let (operation, _) = boss.execute("select * from secret").await.unwrap();
    assert!(other.fetch(&operation).await.unwrap_err().contains("no such operation"));
    assert_eq!(boss.fetch(&operation).await.unwrap(), ["42"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_can_be_called_off_and_rows_come_in_parts() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut client = Client::open(at, &place.admin).await;
    let session = client.session.clone();
    let long = "select count(*) from (select explode(sequence(1, 30000)) a) x cross join \
                (select explode(sequence(1, 30000)) b) y cross join (select explode(sequence(1, 1000)) c) z where sin(a + b) > 2";
    let started = client
        .call("ExecuteStatement", |w| {
            session.write(w, 1);
            w.text(2, long);
            w.bool(4, true);
        })
        .await;
    let operation = Handle::of(started.structure(2));
    client.call("CancelOperation", |w| operation.write(w, 1)).await;
    for _ in 0..100 {
        let status = client.call("GetOperationStatus", |w| operation.write(w, 1)).await;
        if status.int(2) == Some(3) {
            assert_eq!(status.text(3), Some("HY008"));
            break;
        }
        assert_eq!(status.int(2), Some(1), "it runs until it is called off");
    }
    assert_eq!(client.rows("select explode(sequence(1, 8))").await.unwrap().len(), 8, "three at a time");
    let later = client.call("FetchResults", |w| operation.write(w, 1)).await;
    assert_eq!(failure(&later).as_deref(), Some("the statement was cancelled"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bytes_end_a_connection_and_nothing_else() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut good = Client::open(at, &place.admin).await;
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x80, 1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
    // A frame that is no message is answered; one that is too long ends the connection.
    let mut odd = Client::open(at, &place.admin).await;
    let answer = frame(&mut odd.stream, b"nonsense").await;
    assert_eq!(&answer[..4], [0x80, 1, 0, 3]);
    let unknown = frame(&mut odd.stream, &call("Nothing", 1, |_| {})).await;
    assert_eq!(&unknown[..4], [0x80, 1, 0, 3]);
    odd.stream.write_u32(u32::MAX).await.unwrap();
    assert!(odd.stream.read_u32().await.is_err());
    assert_eq!(good.rows("select 1 + 1").await.unwrap(), ["2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_loaded_and_what_does_not_fit_is_null() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut client = Client::open(at, &place.admin).await;
    let tenant = place.admin.key.tenant.to_string();
    let folder = place.folder.path().join("lake/files").join(tenant).join("in/pens");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "1|pen|1.5\n2|\\N|x\nthree|ink|2\n").unwrap();
    let make = "create table pens (id int, name string, price double) row format delimited fields terminated by '|'";
    client.execute(make).await.unwrap();
    let misfits = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&misfits);
    place.engine.listen(Arc::new(move |query| {
        counted.fetch_add(query.statistics().misfits, Ordering::Relaxed);
    }));
    client.execute("load data inpath 'in/pens' into table pens").await.unwrap();
    // The listener hears of the end a moment after the client.
    for _ in 0..500 {
        if misfits.load(Ordering::Relaxed) > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(misfits.load(Ordering::Relaxed), 2, "each is counted once");
    client.execute("set strict = true").await.unwrap();
    let why = client.execute("load data inpath 'in/pens' into table pens").await.unwrap_err();
    assert!(why.contains("three") || why.contains("price"), "{why}");
    assert!(client.execute("set strict = perhaps").await.unwrap_err().contains("strict"));
    client.execute("set strict = false").await.unwrap();
    let rows = client.rows("select * from pens order by id, name").await.unwrap();
    assert_eq!(rows, ["NULL\tink\t2.0", "1\tpen\t1.5", "2\tNULL\tNULL"]);
    client.execute("load data inpath 'in/pens' overwrite into table pens").await.unwrap();
    assert_eq!(client.rows("select count(*) from pens").await.unwrap(), ["3"]);
    let why = client.execute("load data inpath '../../../etc' into table pens").await.unwrap_err();
    assert!(why.contains("LOCATION"), "{why}");
    assert_eq!(client.rows("show tables").await.unwrap(), ["pens"], "nothing is left of loading");
}
