//! The gRPC service.

use super::stream::{begin, status};
use crate::columns::schema;
use crate::database::{Failure, Served};
use crate::filter::{Day, Filter, ListName};
use crate::moment::Moment;
use arrow_flight::encode::{DictionaryHandling, FlightDataEncoderBuilder};
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest,
    HandshakeResponse, PollInfo, PutResult, SchemaAsIpc, SchemaResult, Ticket,
};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// The name under which every to-do and project outside the trash is listed.
const ALL: &str = "all";
/// How long a stream waits for a connection before it is refused.
const QUEUE: Duration = Duration::from_secs(5);

/// Serves the tasks of a database.
#[derive(Clone)]
pub struct Service {
    served: Served,
    patience: Duration,
}

/// The service as tonic mounts it.
pub type Server = FlightServiceServer<Service>;

impl Service {
    /// A service of `served` that ends a stream of which nothing is taken for `patience`.
    pub fn new(served: Served, patience: Duration) -> Service {
        Service { served, patience }
    }

    /// Serves on `listener` until `stop` is ready.
    ///
    /// # Errors
    ///
    /// Those of the transport.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), tonic::transport::Error> {
        tonic::transport::Server::builder()
            // A request is a few hundred bytes; a client that sends more is not one of ours.
            .max_frame_size(Some(1 << 14))
            .max_concurrent_streams(Some(64))
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .add_service(FlightServiceServer::new(self).max_decoding_message_size(1 << 20))
            .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
            .await
    }

    async fn info(&self, filter: Filter, descriptor: FlightDescriptor) -> Result<FlightInfo, Status> {
        let (wanted, moment) = (filter.clone(), Moment::now());
        let counted = self.served.flights().run(std::future::pending(), move |store| {
            let query = wanted.query(store, moment)?;
            store.count(&query)
        });
        let count = counted.await.map_err(failed)?;
        flight(&filter, descriptor, Some(count), moment)
    }
}

fn flight(
    filter: &Filter,
    descriptor: FlightDescriptor,
    count: Option<u64>,
    moment: Moment,
) -> Result<FlightInfo, Status> {
    // The day is part of the ticket: a stream that begins after midnight is of the day on which it was asked for.
    let filter = Filter { today: filter.today.or(Some(Day(moment.today))), ..filter.clone() };
    let ticket = serde_json::to_string(&filter).map_err(|error| Status::internal(error.to_string()))?;
    let info = FlightInfo::new()
        .try_with_schema(&schema())
        .map_err(|error| Status::internal(error.to_string()))?
        .with_descriptor(descriptor)
        .with_endpoint(FlightEndpoint::new().with_ticket(Ticket::new(ticket)))
        .with_ordered(true)
        .with_total_records(count.and_then(|count| i64::try_from(count).ok()).unwrap_or(-1))
        .with_total_bytes(-1);
    Ok(info)
}

/// What a descriptor asks for.
fn asked(descriptor: &FlightDescriptor) -> Result<Filter, Status> {
    match DescriptorType::try_from(descriptor.r#type) {
        Ok(DescriptorType::Path) => match descriptor.path.as_slice() {
            [name] => named(name),
            _ => Err(Status::invalid_argument("the path must have one part: the name of a list, or `all`")),
        },
        Ok(DescriptorType::Cmd) => parsed(&descriptor.cmd),
        _ => Err(Status::invalid_argument("give a path with the name of a list, or a command of JSON")),
    }
}

fn named(name: &str) -> Result<Filter, Status> {
    if name == ALL {
        return Ok(Filter::default());
    }
    let list = ListName::named(name);
    list.map(Filter::list).ok_or_else(|| Status::not_found(format!("there is no list `{name}`: see list_flights")))
}

fn parsed(json: &[u8]) -> Result<Filter, Status> {
    // An object first: a struct of optional fields could be read from an empty list, too.
    let object: Result<serde_json::Map<_, _>, _> = serde_json::from_slice(json);
    object.and_then(|object| serde_json::from_value(object.into())).map_err(|error| {
        Status::invalid_argument(format!(
            "this is no query: {error}; write JSON such as {{\"list\": \"today\", \"today\": \"2024-06-12\"}}"
        ))
    })
}

fn failed(failure: Failure) -> Status {
    match failure {
        Failure::Store(error) => status(error),
        Failure::Cancelled => Status::cancelled("the request was cancelled"),
        Failure::Lost => Status::internal("the server lost the request: try it again"),
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn nothing(what: &str) -> Status {
    Status::unimplemented(format!("{what} is not offered: this server only reads"))
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListFlightsStream = Answers<FlightInfo>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type DoActionStream = Answers<arrow_flight::Result>;
    type ListActionsStream = Answers<ActionType>;
    type DoExchangeStream = Answers<FlightData>;

    async fn list_flights(&self, _: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        let moment = Moment::now();
        let names = ListName::ALL.iter().map(|list| list.as_str()).chain([ALL]);
        let flights: Vec<_> = names
            .map(|name| flight(&named(name)?, FlightDescriptor::new_path(vec![name.to_owned()]), None, moment))
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(flights))))
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        let descriptor = request.into_inner();
        let filter = asked(&descriptor)?;
        self.info(filter, descriptor).await.map(Response::new)
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        asked(&request.into_inner())?;
        let schema = schema();
        let options = Default::default();
        let result = SchemaResult::try_from(SchemaAsIpc::new(&schema, &options));
        result.map(Response::new).map_err(|error| Status::internal(error.to_string()))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        let filter = parsed(&request.into_inner().ticket)?;
        let lane = self.served.flights();
        let permit = match lane.try_enter() {
            Some(permit) => permit,
            None => match tokio::time::timeout(QUEUE, lane.enter()).await {
                Ok(permit) => permit.map_err(failed)?,
                Err(_) => {
                    return Err(Status::resource_exhausted(format!(
                        "all connections were streaming for {QUEUE:?}: try again, or raise --connections"
                    )))
                }
            },
        };
        let batches = begin(lane.clone(), permit, filter, Moment::now(), self.patience);
        let encoded = FlightDataEncoderBuilder::new()
            .with_schema(schema())
            .with_dictionary_handling(DictionaryHandling::Resend)
            .build(batches)
            .map(|data| data.map_err(Status::from));
        Ok(Response::new(Box::pin(encoded)))
    }

    async fn list_actions(&self, _: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::empty())))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        Err(nothing("a handshake"))
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        Err(nothing("polling"))
    }

    async fn do_put(&self, _: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        Err(nothing("writing"))
    }

    async fn do_action(&self, _: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        Err(nothing("an action"))
    }

    async fn do_exchange(&self, _: Request<Streaming<FlightData>>) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(nothing("an exchange"))
    }
}
