//! The memory of this process, in which opened credentials are, is not for others.
//!
//! In: nothing. Out: no core file, and no other process of the same user that looks inside. Must not know: what is in it.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Closes it, for the rest of the process's life.
///
/// # Errors
/// What the system says.
pub fn close_memory() -> Result<(), String> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let closed = setrlimit(Resource::Core, none).and_then(|()| undumpable());
    closed.map_err(|cause| format!("core files and debuggers cannot be kept out: {cause}"))
}

#[cfg(target_os = "linux")]
fn undumpable() -> rustix::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

#[cfg(not(target_os = "linux"))]
fn undumpable() -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn nobody_dumps_or_looks_into_a_process_that_has_closed_itself() {
        close_memory().unwrap();
        assert!(matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable)));
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }
}
