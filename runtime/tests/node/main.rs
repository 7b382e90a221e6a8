//! The node agent, its server and its simulated and process runtimes, seen from outside: one program, so that it links once.

mod agent;
mod nodes;
mod process;
mod server;
mod support;
mod volumes;
