//! The Model Context Protocol: tools and resources of one database, for one client.

mod arguments;
mod changes;
mod pages;
mod resources;
mod tools;
mod transport;

use crate::database::{Failure, Served};
use crate::end::End;
use crate::moment::Moment;
use crate::telemetry::{Call, Outcome};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult, ErrorCode,
    Implementation, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::json;
use std::future::Future;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tools::Entry;

const INSTRUCTIONS: &str = "\
The tasks of a Things 3 database. Lists give tasks with identifiers; `task` gives one with its tags and checklist. Days \
are written as 2024-06-12. The server does not know the user's time zone, so pass the user's own date as `today` where a \
tool takes it. Lists give up to `limit` tasks; `next_offset` continues them.";

/// Speaks MCP with one client until the client closes `read`, stops taking answers, or `stop` is ready.
///
/// # Errors
///
/// A message, if the tools cannot be described; that is a fault of this crate.
pub async fn serve<R, W>(served: Served, read: R, write: W, stop: impl Future<Output = ()>) -> Result<End, String>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let handler = Handler::new(served)?;
    let (transport, health) = transport::Guarded::new(read, write);
    let mut stop = pin!(stop);
    let running = tokio::select! {
        () = &mut stop => return Ok(End::Done),
        running = handler.serve(transport) => running,
    };
    let running = match running {
        Ok(running) => running,
        Err(error) => {
            let silent = matches!(error, rmcp::service::ServerInitializeError::ConnectionClosed(_));
            if silent && !health.ended_midway() && !health.is_broken() {
                return Ok(End::Done);
            }
            tracing::warn!(%error, "the client did not begin as MCP does");
            return Ok(End::Client);
        }
    };
    let stopping = running.cancellation_token();
    let mut waiting = pin!(running.waiting());
    let stopped = tokio::select! {
        ended = &mut waiting => {
            ended.map_err(|error| format!("the task that serves MCP ended: {error}"))?;
            false
        }
        () = &mut stop => {
            stopping.cancel();
            let _ = waiting.await;
            true
        }
    };
    Ok(match stopped {
        true => End::Done,
        false if health.is_broken() || health.ended_midway() => End::Client,
        false => End::Done,
    })
}

/// Answers the requests of one client.
struct Handler {
    served: Served,
    tools: Vec<Entry>,
}

impl Handler {
    fn new(served: Served) -> Result<Handler, String> {
        let tools = tools::all_tools(served.allows_writes())?;
        Ok(Handler { served, tools })
    }

    fn tool(&self, name: &str) -> Option<&Entry> {
        self.tools.iter().find(|entry| entry.name == name)
    }

    async fn call(&self, params: CallToolRequestParams, context: RequestContext<RoleServer>) -> Called {
        let unknown = || ErrorData::invalid_params(format!("there is no tool `{}`: see tools/list", params.name), None);
        let Some(entry) = self.tool(&params.name) else {
            Call::begin("unknown").end(Outcome::Invalid);
            return Err(unknown());
        };
        let call = Call::begin(entry.name);
        let job = match entry.prepare(params.arguments.unwrap_or_default(), Moment::now()) {
            Ok(job) => job,
            Err(error) => {
                call.end(Outcome::Invalid);
                return Err(error);
            }
        };
        let lane = match entry.writes {
            true => self.served.writes().ok_or_else(unknown)?,
            false => self.served.reads(),
        };
        match lane.run(context.ct.cancelled(), job).await {
            Ok(answer) => {
                let took = call.end(Outcome::Ok);
                tracing::debug!(tool = entry.name, ?took, "called");
                Ok(CallToolResult::structured(answer).into())
            }
            Err(failure) => failed(entry.name, call, failure),
        }
    }
}

type Called = Result<CallToolResponse, ErrorData>;

/// A failure of a tool is a result that says so; only what is no fault of the database is an error of the protocol.
fn failed(tool: &'static str, call: Call, failure: Failure) -> Called {
    match failure {
        Failure::Store(error) => {
            call.end(Outcome::Error);
            let (kind, message) = (error.kind().as_str(), error.to_string());
            tracing::info!(tool, kind, "a tool failed");
            let mut result = CallToolResult::error(vec![ContentBlock::text(format!("{kind}: {message}"))]);
            result.structured_content = Some(json!({ "error": { "kind": kind, "message": message } }));
            Ok(result.into())
        }
        Failure::Cancelled => {
            call.end(Outcome::Cancelled);
            Err(ErrorData::internal_error("the request was cancelled", None))
        }
        Failure::Lost => {
            call.end(Outcome::Error);
            tracing::error!(tool, "a tool ended without a result");
            Err(ErrorData::internal_error("the server lost the request: try it again", None))
        }
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        let mut server = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        server.title = Some("Things 3".to_owned());
        ServerConfig::new(capabilities).with_server_info(server).with_instructions(INSTRUCTIONS)
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method;
        // The SDK takes a request whose parameters it cannot read for one of another method.
        Err(match method.as_str() {
            "initialize"
            | "tools/call"
            | "resources/read"
            | "tools/list"
            | "resources/list"
            | "resources/templates/list" => {
                ErrorData::invalid_params(format!("`params` is not what `{method}` takes: see the protocol"), None)
            }
            _ => ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method `{method}`"), None),
        })
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.iter().map(|entry| entry.tool.clone()).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tool(name).map(|entry| entry.tool.clone())
    }

    async fn call_tool(&self, params: CallToolRequestParams, context: RequestContext<RoleServer>) -> Called {
        self.call(params, context).await
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(resources::lists()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        params: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let call = Call::begin("resource");
        let Some(place) = resources::place(&params.uri) else {
            call.end(Outcome::Invalid);
            return Err(resources::missing(&params.uri));
        };
        let moment = Moment::now();
        let read = self.served.reads().run(context.ct.cancelled(), move |store| place.read(store, moment)).await;
        let (result, outcome) = resources::answer(params.uri, read);
        call.end(outcome);
        result.map(ReadResourceResponse::from)
    }
}
