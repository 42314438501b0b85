//! How many requests a key may have under way at one time.
//!
//! In: a key's id and limit. Out: a [`Seat`] that is taken until it is dropped, or that none is free. Must not know: HTTP,
//! what is done meanwhile. The seats live in this process: N gateways have N times as many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many seats each key has taken. A key without one is not in it, so it is no larger than what is under way.
type Taken = Arc<Mutex<HashMap<String, u32>>>;

/// The seats of all keys.
#[derive(Debug, Default)]
pub(in crate::auth) struct Seats(Taken);

/// A seat; clones share it.
#[derive(Debug, Clone)]
pub struct Seat(#[expect(dead_code, reason = "it is held to be dropped")] Arc<Held>);

#[derive(Debug)]
struct Held {
    key: String,
    taken: Taken,
}

impl Seats {
    /// Takes a seat of `key`, which has `most` of them; `None` when all are taken.
    pub(in crate::auth) fn take(&self, key: &str, most: u32) -> Option<Seat> {
        let mut taken = lock(&self.0);
        let count = taken.get(key).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        taken.insert(key.to_owned(), count + 1);
        Some(Seat(Arc::new(Held { key: key.to_owned(), taken: self.0.clone() })))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        match taken.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.key)),
        }
    }
}

fn lock(taken: &Taken) -> MutexGuard<'_, HashMap<String, u32>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_seats_and_no_other_ones() {
        let seats = Seats::default();
        let both = [seats.take("a", 2).unwrap(), seats.take("a", 2).unwrap()];
        assert!(seats.take("a", 2).is_none());
        let other = seats.take("b", 1).unwrap();
        let shared = both[0].clone();
        drop(both);
        assert!(seats.take("a", 1).is_none(), "a clone holds it still");
        drop((shared, other));
        assert!(lock(&seats.0).is_empty(), "nothing is kept of who left");
        assert!(seats.take("a", 0).is_none());
    }

    #[test]
    fn fifty_who_come_at_once_get_as_many_seats_as_there_are() {
        let seats = Seats::default();
        let seated = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..50).map(|_| scope.spawn(|| seats.take("k", 7))).collect();
            callers.into_iter().filter_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(seated.len(), 7);
    }
}
