//! Arrow Flight SQL: the same statements over gRPC, for ADBC, JDBC and ODBC drivers.
//!
//! A caller is an access key: its public half as user, its secret as password (`Basic`), or both as
//! `Bearer access:secret`. Handles and tickets hold the statement itself, so nothing is kept between
//! calls and each call is checked anew.

mod handle;

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    CommandGetCatalogs, CommandGetDbSchemas, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementQuery, CommandStatementUpdate,
    DoPutPreparedStatementResult, ProstMessageExt, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{
    Action, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse, IpcMessage,
    SchemaAsIpc, Ticket,
};
use doorstep_identity::{IdentityError, Keys, parse_authorization};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::catalog::{BUILT_IN_DATABASE, TableKind};
use crate::encode::dense;
use crate::{Engine as _, LakeError, Limits, LocalEngine, Session, Statement};

/// The one catalogue's name, as drivers show it.
const CATALOG: &str = "lake";
/// The largest message taken, bytes: statements are small.
const LARGEST_REQUEST: usize = 4 << 20;

type FlightStream = Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send>>;
type HandshakeStream = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;

/// The face. Cheap to clone.
#[derive(Clone)]
pub struct FlightSql {
    engine: LocalEngine,
    keys: Keys,
    about: Arc<SqlInfoData>,
}

impl std::fmt::Debug for FlightSql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlightSql").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl FlightSql {
    /// A face of `engine` for the holders of `keys`.
    ///
    /// # Errors
    /// Never, unless the protocol's own constants do not fit together.
    pub fn new(engine: LocalEngine, keys: Keys) -> Result<Self, LakeError> {
        let mut about = SqlInfoDataBuilder::new();
        about.append(SqlInfo::FlightSqlServerName, "Doorstep");
        about.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
        about.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
        about.append(SqlInfo::FlightSqlServerReadOnly, false);
        about.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
        let about = about.build().map_err(|e| LakeError::Execution(e.to_string()))?;
        Ok(Self { engine, keys, about: Arc::new(about) })
    }

    /// Serves until `down` resolves; calls under way are finished.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener, down: impl Future<Output = ()> + Send) -> Result<(), LakeError> {
        let service = FlightServiceServer::new(self).max_decoding_message_size(LARGEST_REQUEST);
        Server::builder()
            .concurrency_limit_per_connection(64)
            .timeout(std::time::Duration::from_secs(3600))
            .add_service(service)
            .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), down)
            .await
            .map_err(|e| LakeError::Execution(format!("the Flight SQL listener failed: {e}")))
    }

    async fn session(&self, metadata: &MetadataMap) -> Result<Session, Status> {
        let header = metadata.get("authorization").and_then(|value| value.to_str().ok());
        let header = header.ok_or_else(|| refused(&IdentityError::Missing))?;
        let (access, secret) = parse_authorization(&padded(header)).map_err(|e| refused(&e))?;
        let principal = self.keys.authenticate(&access, &secret).await.map_err(|e| refused(&e))?;
        let session = Session::new(principal);
        if let Some(database) = metadata.get("database").and_then(|value| value.to_str().ok()) {
            let statement = Statement::Sql(format!("USE \"{}\"", database.replace('"', "\"\"")));
            self.run(&session, statement).await?;
        }
        Ok(session)
    }

    /// Runs a statement whose rows do not matter; the count that it wrote, if it wrote.
    async fn run(&self, session: &Session, statement: Statement) -> Result<i64, Status> {
        let running = self.engine.execute(session, statement, Limits::default()).await.map_err(status)?;
        let outcome = running.collect(1_000_000).await.map_err(status)?;
        let count = outcome.batches.first().filter(|b| b.num_columns() == 1 && b.num_rows() == 1).and_then(|batch| {
            let count = batch.column(0).as_any().downcast_ref::<arrow::array::UInt64Array>()?;
            i64::try_from(count.value(0)).ok()
        });
        Ok(count.unwrap_or(-1))
    }

    /// Where the rows of a statement are. One that has none is carried out now: drivers ask for its rows late, or not
    /// at all, and go on to the next statement.
    async fn info_of(
        &self,
        session: &Session,
        statement: Statement,
        ticket: Vec<u8>,
        of: FlightDescriptor,
    ) -> Result<Response<FlightInfo>, Status> {
        if let Some(schema) = self.engine.columns(session, &statement).await.map_err(status)? {
            return Self::info(&loose(&schema), ticket, of);
        }
        self.run(session, statement).await?;
        let info = FlightInfo::new().try_with_schema(&arrow::datatypes::Schema::empty());
        Ok(Response::new(info.map_err(|e| Status::internal(e.to_string()))?.with_descriptor(of)))
    }

    async fn rows(&self, session: &Session, statement: Statement) -> Result<Response<FlightStream>, Status> {
        let running = self.engine.execute(session, statement, Limits::default()).await.map_err(status)?;
        let schema = loose(&running.schema);
        let query = running.query;
        let told = Arc::clone(&schema);
        let rows = running.rows.map(move |batch| {
            // Held by the stream: when the driver goes away, so does the query.
            let _ = &query;
            let batch = batch.map_err(|error| FlightError::Tonic(Box::new(status(LakeError::from(error)))))?;
            let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let columns = dense(&batch).columns().to_vec();
            Ok(RecordBatch::try_new_with_options(Arc::clone(&told), columns, &rows)?)
        });
        Ok(Response::new(encoded(schema, rows)))
    }

    fn info(
        schema: &arrow::datatypes::Schema,
        ticket: Vec<u8>,
        of: FlightDescriptor,
    ) -> Result<Response<FlightInfo>, Status> {
        let endpoint = FlightEndpoint::new().with_ticket(Ticket { ticket: ticket.into() });
        let info = FlightInfo::new().try_with_schema(schema).map_err(|e| Status::internal(e.to_string()))?;
        Ok(Response::new(info.with_endpoint(endpoint).with_descriptor(of)))
    }

    fn one(batch: Result<RecordBatch, FlightError>) -> Result<Response<FlightStream>, Status> {
        let batch = batch.map_err(|e| Status::internal(e.to_string()))?;
        Ok(Response::new(encoded(batch.schema(), stream::iter([Ok(batch)]))))
    }

    fn text(handle: &[u8]) -> Result<String, Status> {
        std::str::from_utf8(handle)
            .map(str::to_owned)
            .map_err(|_| Status::invalid_argument("the handle is none of ours"))
    }
}

/// The columns as drivers are told of them: any may have nulls. Whether one can have some is guessed twice, by the plan
/// of the statement and by that of its work, and drivers refuse rows of which they were told otherwise before.
fn loose(schema: &arrow::datatypes::Schema) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(arrow::datatypes::Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn message(schema: &arrow::datatypes::Schema) -> Result<bytes::Bytes, Status> {
    let options = arrow::ipc::writer::IpcWriteOptions::default();
    let message: IpcMessage = SchemaAsIpc::new(schema, &options)
        .try_into()
        .map_err(|e: arrow::error::ArrowError| Status::internal(e.to_string()))?;
    Ok(message.0)
}

/// The values of parameters that a driver sends; none if it sends only the statement.
async fn values(mut stream: PeekableFlightDataStream) -> Result<Vec<RecordBatch>, Status> {
    let first = stream.peek().await;
    if first.is_none_or(|first| first.as_ref().is_ok_and(|data| data.data_header.is_empty())) {
        return Ok(Vec::new());
    }
    let data = stream.map_err(|error| FlightError::Tonic(Box::new(error)));
    let mut batches = FlightRecordBatchStream::new_from_flight_data(data);
    let (mut all, mut rows) = (Vec::new(), 0);
    while let Some(batch) = batches.next().await {
        let batch =
            batch.map_err(|error| Status::invalid_argument(format!("the parameters cannot be read: {error}")))?;
        rows += batch.num_rows();
        if rows > handle::MOST_ROWS {
            let most = handle::MOST_ROWS;
            return Err(Status::invalid_argument(format!("more than {most} rows of parameters; use INSERT … SELECT")));
        }
        if batch.num_rows() > 0 {
            all.push(batch);
        }
    }
    Ok(all)
}

fn encoded(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> FlightStream {
    let encoder = FlightDataEncoderBuilder::new().with_schema(schema).build(rows);
    encoder.map_err(Status::from).boxed()
}

/// Arrow's Go client, and so every ADBC driver, leaves the padding of `Basic` out.
fn padded(header: &str) -> String {
    let header = header.trim();
    match header.split_once(' ') {
        Some((scheme, text)) if scheme.eq_ignore_ascii_case("basic") => {
            let text = text.trim().trim_end_matches('=');
            format!("Basic {text}{}", "=".repeat((4 - text.len() % 4) % 4))
        }
        _ => header.to_owned(),
    }
}

fn refused(error: &IdentityError) -> Status {
    match error {
        IdentityError::Missing | IdentityError::Invalid => Status::unauthenticated(error.to_string()),
        other => Status::internal(other.to_string()),
    }
}

/// An error in gRPC's words.
fn status(error: LakeError) -> Status {
    let mut told = error.to_string();
    if let LakeError::Sql { fix: Some(fix), .. } = &error {
        told = format!("{told}; {fix}");
    }
    match error {
        LakeError::Sql { .. } | LakeError::Invalid { .. } => Status::invalid_argument(told),
        LakeError::Unknown { .. } => Status::not_found(told),
        LakeError::Exists { .. } => Status::already_exists(told),
        LakeError::Unsupported { .. } => Status::unimplemented(told),
        LakeError::Denied { .. } => Status::permission_denied(told),
        LakeError::Limit { limit: crate::Limit::Time, .. } => Status::deadline_exceeded(told),
        LakeError::Limit { .. } => Status::resource_exhausted(told),
        LakeError::Cancelled => Status::cancelled(told),
        LakeError::Overloaded { .. } | LakeError::Elsewhere { .. } => Status::unavailable(told),
        LakeError::Conflict { .. } => Status::aborted(told),
        LakeError::Corrupt { .. } => Status::data_loss(told),
        LakeError::Execution(_) => Status::failed_precondition(told),
        LakeError::Io { .. } | LakeError::Store(_) | LakeError::Journal(_) => {
            tracing::error!(error = told, "a Flight SQL call failed");
            Status::internal("the call failed here; our log has the reason")
        }
    }
}

#[tonic::async_trait]
impl FlightSqlService for FlightSql {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<HandshakeStream>, Status> {
        self.session(request.metadata()).await?;
        let header = request.metadata().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (access, secret) = parse_authorization(&padded(header)).map_err(|e| refused(&e))?;
        let token = format!("{access}:{secret}");
        let answer = HandshakeResponse { protocol_version: 0, payload: token.clone().into_bytes().into() };
        let mut response: Response<HandshakeStream> = Response::new(stream::iter([Ok(answer)]).boxed());
        let bearer =
            format!("Bearer {token}").parse().map_err(|_| Status::unauthenticated("the key has odd characters"))?;
        response.metadata_mut().insert("authorization", bearer);
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let session = self.session(request.metadata()).await?;
        let ticket = TicketStatementQuery { statement_handle: query.query.clone().into_bytes().into() };
        let statement = Statement::Sql(query.query);
        self.info_of(&session, statement, ticket.as_any().encode_to_vec(), request.into_inner()).await
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        let session = self.session(request.metadata()).await?;
        self.rows(&session, Statement::Sql(Self::text(&ticket.statement_handle)?)).await
    }

    async fn do_put_statement_update(
        &self,
        command: CommandStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let session = self.session(request.metadata()).await?;
        self.run(&session, Statement::Sql(command.query)).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let session = self.session(request.metadata()).await?;
        let (schema, types) = self.engine.prepared(&session, &query.query).await.map_err(status)?;
        let schema = schema.map(|schema| loose(&schema));
        let (parameter_schema, prepared_statement_handle) = match (&schema, types.is_empty()) {
            (Some(schema), true) => (bytes::Bytes::new(), handle::told(&query.query, schema).map_err(status)?),
            (None, true) => (bytes::Bytes::new(), query.query.into_bytes().into()),
            (_, false) => (message(&handle::schema(&types))?, query.query.into_bytes().into()),
        };
        let schema = schema.unwrap_or_else(|| Arc::new(arrow::datatypes::Schema::empty()));
        let dataset_schema = message(&schema)?;
        Ok(ActionCreatePreparedStatementResult { prepared_statement_handle, dataset_schema, parameter_schema })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        self.session(request.metadata()).await.map(|_| ())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let session = self.session(request.metadata()).await?;
        if let Some(schema) = handle::columns(&query.prepared_statement_handle).map_err(status)? {
            return Self::info(&schema, query.as_any().encode_to_vec(), request.into_inner());
        }
        let statement = handle::statement(&query.prepared_statement_handle).map_err(status)?;
        self.info_of(&session, statement, query.as_any().encode_to_vec(), request.into_inner()).await
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        let session = self.session(request.metadata()).await?;
        self.rows(&session, handle::statement(&query.prepared_statement_handle).map_err(status)?).await
    }

    /// The values come into the handle that the driver uses from then on.
    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        self.session(request.metadata()).await?;
        let text = handle::text(&query.prepared_statement_handle).map_err(status)?;
        let handle = match values(request.into_inner()).await?.as_slice() {
            [] => None,
            [batch] => Some(handle::bound(text, batch).map_err(status)?),
            _ => {
                return Err(Status::invalid_argument(
                    "a query takes one row of parameters; send the others one by one",
                ));
            }
        };
        Ok(DoPutPreparedStatementResult { prepared_statement_handle: handle })
    }

    /// Runs once for each row of values, each time a transaction of its own.
    async fn do_put_prepared_statement_update(
        &self,
        query: CommandPreparedStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let session = self.session(request.metadata()).await?;
        let mut batches = values(request.into_inner()).await?;
        if batches.is_empty() {
            // Some drivers bind values as for a query first.
            batches.extend(handle::values(&query.prepared_statement_handle).map_err(status)?);
        }
        if batches.is_empty() {
            let statement = handle::statement(&query.prepared_statement_handle).map_err(status)?;
            return self.run(&session, statement).await;
        }
        let text = handle::text(&query.prepared_statement_handle).map_err(status)?;
        let mut count = 0;
        for batch in &batches {
            for at in 0..batch.num_rows() {
                let statement = handle::row(text, batch, at).map_err(status)?;
                count += self.run(&session, statement).await?.max(0);
            }
        }
        Ok(count)
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.session(request.metadata()).await?;
        Self::info(&query.into_builder().schema(), query.as_any().encode_to_vec(), request.into_inner())
    }

    async fn do_get_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        self.session(request.metadata()).await?;
        let mut builder = query.into_builder();
        builder.append(CATALOG);
        Self::one(builder.build())
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.session(request.metadata()).await?;
        let ticket = query.as_any().encode_to_vec();
        Self::info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        let session = self.session(request.metadata()).await?;
        let listed = self.engine.list(&session).await.map_err(status)?;
        let mut names: Vec<&str> = listed.iter().map(|table| table.database.as_str()).collect();
        names.extend([crate::catalog::DEFAULT_DATABASE, BUILT_IN_DATABASE]);
        names.sort_unstable();
        names.dedup();
        let mut builder = query.into_builder();
        for name in names {
            builder.append(CATALOG, name);
        }
        Self::one(builder.build())
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.session(request.metadata()).await?;
        let ticket = query.as_any().encode_to_vec();
        Self::info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_tables(
        &self,
        query: CommandGetTables,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        let session = self.session(request.metadata()).await?;
        let mut builder = query.into_builder();
        for table in self.engine.list(&session).await.map_err(status)? {
            let kind = if table.kind == TableKind::View { "VIEW" } else { "TABLE" };
            builder
                .append(CATALOG, &table.database, &table.name, kind, &table.schema)
                .map_err(|e| Status::internal(e.to_string()))?;
        }
        Self::one(builder.build())
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.session(request.metadata()).await?;
        Self::info(&query.into_builder().schema(), query.as_any().encode_to_vec(), request.into_inner())
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        self.session(request.metadata()).await?;
        let mut builder = query.into_builder();
        builder.append("TABLE");
        builder.append("VIEW");
        Self::one(builder.build())
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.session(request.metadata()).await?;
        let ticket = query.as_any().encode_to_vec();
        Self::info(&query.into_builder(&self.about).schema(), ticket, request.into_inner())
    }

    async fn do_get_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<Ticket>,
    ) -> Result<Response<FlightStream>, Status> {
        self.session(request.metadata()).await?;
        Self::one(query.into_builder(&self.about).build())
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_read_with_and_without_padding() {
        for text in ["Basic a2V5OnM=", "basic a2V5OnM", "Bearer key:s"] {
            let pair = parse_authorization(&padded(text)).unwrap();
            assert_eq!(pair, ("key".to_owned(), "s".to_owned()), "{text}");
        }
    }
}
