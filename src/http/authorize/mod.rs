//! temp
mod parameters;
mod redirect;
