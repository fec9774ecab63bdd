//! Serves a Things 3 database: MCP over stdio, Arrow Flight and metrics over loopback.
