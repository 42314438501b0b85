//! Protects the memory of the process, which contains decrypted credentials.
//!
//! In: nothing. Out: the process writes no core file, and other processes of the same user cannot inspect it. Must
//! not know: what the memory contains.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Disables core files and inspection by other processes, permanently.
///
/// # Errors
/// Fails if the system rejects it.
pub fn disable_core_dumps() -> Result<(), String> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let result = setrlimit(Resource::Core, none).and_then(|()| disable_dumps());
    result.map_err(|cause| format!("cannot disable core files and debuggers: {cause}"))
}

#[cfg(target_os = "linux")]
fn disable_dumps() -> rustix::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

#[cfg(not(target_os = "linux"))]
fn disable_dumps() -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn core_files_and_inspection_are_disabled() {
        disable_core_dumps().unwrap();
        assert!(matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable)));
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }
}
