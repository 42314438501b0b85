//! The size of the pages of memory.
//!
//! In: nothing. Out: the process uses pages of 4 KiB. Must not know: what the memory contains.

/// Uses no transparent huge pages, permanently: with them, the allocator's first allocations alone occupy 24 MiB, of
/// which a gateway without load uses 9. Requests cost the same processor time with both. A system that rejects this has
/// none, so the result is ignored.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn huge_pages_are_disabled() {
        use_small_pages();
        assert_eq!(rustix::thread::transparent_huge_pages_are_disabled(), Ok(true));
    }
}
