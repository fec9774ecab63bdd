//! What is measured of things-server.
