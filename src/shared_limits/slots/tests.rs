//! Tests of leased slots, with and without callers that can be deferred.

use std::time::Duration;

use super::*;
use crate::shared_limits::deferrable::MAX_PASSED;

fn grant(allowed: u32) -> SlotGrant {
    SlotGrant { budget: "b".to_owned(), allowed, is_complete: true, is_final: true }
}

fn slots(capacity: usize, held: u32) -> (LeasedSlots, Renewals) {
    let (slots, renewals) = (LeasedSlots::new("b".to_owned(), capacity), Renewals::default());
    slots.share(renewals.clone());
    slots.apply(&grant(held));
    (slots, renewals)
}

#[tokio::test]
async fn slots_that_are_not_shared_are_a_semaphore() {
    let slots = LeasedSlots::new("b".to_owned(), 2);
    let both = [slots.acquire().await, slots.acquire().await];
    assert!(tokio::time::timeout(Duration::from_millis(10), slots.acquire()).await.is_err());
    drop(both);
    assert!(slots.acquire().await.is_some());
    assert_eq!(slots.held(), 2);
}

#[tokio::test(start_paused = true)]
async fn caller_that_waits_requests_a_renewal_and_gets_the_new_slot() {
    let (slots, renewals) = slots(8, 1);
    let _used = slots.acquire().await;
    let waiting = tokio::spawn({
        let slots = slots.clone();
        async move { slots.acquire().await }
    });
    renewals.requested().await;
    let usage = slots.usage(Instant::now());
    assert_eq!((usage.held, usage.wanted, usage.capacity), (1, 2, 8));
    slots.apply(&grant(2));
    assert!(waiting.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn slots_in_use_are_returned_when_they_are_released_although_callers_wait() {
    let (slots, _) = slots(8, 3);
    let [first, second, third] = [slots.acquire().await, slots.acquire().await, slots.acquire().await];
    assert!(!slots.apply(&grant(1)), "all are in use");
    assert_eq!(slots.held(), 3);
    let waiting = tokio::spawn({
        let slots = slots.clone();
        async move { slots.acquire().await }
    });
    tokio::task::yield_now().await;
    drop((first, second));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());
    assert_eq!(slots.held(), 1);
    drop(third);
    assert!(waiting.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn gateway_that_gets_nothing_takes_one_slot_if_no_gateway_has_a_minimum() {
    let without = LeasedSlots::without_minimum("b".to_owned(), 2);
    for (slots, expected) in [(without, [0, 1, 1]), (LeasedSlots::new("b".to_owned(), 2), [0, 0, 0])] {
        slots.share(Renewals::default());
        let (waiting, start) = ([acquire(&slots), acquire(&slots)], Instant::now());
        settle().await;
        let renew = |ms| {
            drop(slots.usage(start + Duration::from_millis(ms)));
            slots.apply(&grant(0));
            slots.held()
        };
        renew(0);
        let held = [renew(500), renew(1500), renew(1750)];
        assert_eq!(held, expected);
        settle().await;
        assert_eq!(waiting.iter().filter(|caller| caller.is_finished()).count(), expected[1]);
    }
}

#[tokio::test]
async fn growth_cancels_a_return() {
    let (slots, _) = slots(8, 2);
    let used = [slots.acquire().await, slots.acquire().await];
    slots.apply(&grant(0));
    slots.apply(&grant(5));
    drop(used);
    assert_eq!((slots.held(), slots.free()), (5, 5));
    assert!(slots.apply(&grant(1)), "free slots are returned at once");
    assert_eq!((slots.held(), slots.free()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn caller_that_waits_requests_nothing_while_this_gateway_holds_everything() {
    let (slots, renewals) = slots(1, 1);
    let _used = slots.acquire().await;
    let second = Duration::from_secs(1);
    assert!(tokio::time::timeout(second, slots.acquire()).await.is_err());
    assert!(tokio::time::timeout(second, renewals.requested()).await.is_err());
    slots.apply(&grant(0));
    assert!(tokio::time::timeout(second, slots.acquire()).await.is_err());
    renewals.requested().await;
}

type Acquired = tokio::task::JoinHandle<Option<SlotPermit>>;

fn acquire(slots: &LeasedSlots) -> Acquired {
    let slots = slots.clone();
    tokio::spawn(async move { slots.acquire().await })
}

fn acquire_deferrable(slots: &LeasedSlots) -> Acquired {
    let slots = slots.clone();
    tokio::spawn(async move { slots.acquire_deferrable().await })
}

/// Runs all tasks until they wait.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn deferrable_caller_lets_a_later_one_pass() {
    let slots = LeasedSlots::new("b".to_owned(), 1);
    let used = slots.acquire().await;
    let deferrable = acquire_deferrable(&slots);
    settle().await;
    let other = acquire(&slots);
    settle().await;
    drop(used);
    let other = other.await.unwrap();
    settle().await;
    assert!(!deferrable.is_finished());
    drop(other);
    assert!(deferrable.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn deferrable_caller_gets_a_slot_although_others_always_wait() {
    let slots = LeasedSlots::new("b".to_owned(), 1);
    let mut used = slots.acquire().await;
    let mut queue = std::collections::VecDeque::from([acquire(&slots), acquire(&slots)]);
    let deferrable = acquire_deferrable(&slots);
    let mut passed = 0;
    while !deferrable.is_finished() && passed < 100 {
        queue.push_back(acquire(&slots));
        settle().await;
        drop(used.take());
        settle().await;
        if !deferrable.is_finished() {
            used = queue.pop_front().unwrap().await.unwrap();
            passed += 1;
        }
    }
    assert_eq!(passed, MAX_PASSED + 2, "those that waited when enough had passed are the last");
    drop(deferrable.await);
    assert!(queue.pop_front().unwrap().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn deferrable_callers_leave_a_slot_and_come_one_after_the_other() {
    let slots = LeasedSlots::new("b".to_owned(), 4);
    let mut used = Vec::new();
    for _ in 0..3 {
        used.push(slots.acquire_deferrable().await);
    }
    let next = [acquire_deferrable(&slots), acquire_deferrable(&slots)];
    settle().await;
    assert_eq!((slots.free(), next[0].is_finished()), (1, false));
    for _ in 0..2 * MAX_PASSED {
        drop(slots.acquire().await);
    }
    settle().await;
    assert!(!next[0].is_finished(), "they wait for their own kind");
    used.pop();
    settle().await;
    assert_eq!(next.each_ref().map(Acquired::is_finished), [true, false]);
    assert_eq!(slots.free(), 1);
}

#[tokio::test(start_paused = true)]
async fn slot_of_a_caller_that_left_the_queue_is_not_lost() {
    let slots = LeasedSlots::new("b".to_owned(), 1);
    let used = slots.acquire().await;
    let mut left = Box::pin(slots.acquire());
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut left).await.is_err());
    let deferrable = acquire_deferrable(&slots);
    settle().await;
    drop(used);
    settle().await;
    assert!(!deferrable.is_finished(), "the slot belongs to the other one");
    drop(left);
    assert!(deferrable.await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn deferrable_callers_want_one_slot_and_keep_what_no_gateway_wants() {
    let (slots, _) = slots(8, 4);
    let _used = [slots.acquire_deferrable().await, slots.acquire_deferrable().await, slots.acquire().await];
    let (_waiting, _also) = (acquire_deferrable(&slots), acquire_deferrable(&slots));
    settle().await;
    let usage = slots.usage(Instant::now());
    assert_eq!((usage.held, usage.wanted, usage.kept), (4, 2, 5));
}

#[tokio::test(start_paused = true)]
async fn deferrable_caller_gets_a_slot_that_was_added() {
    let (slots, renewals) = slots(8, 0);
    let waiting = acquire_deferrable(&slots);
    renewals.requested().await;
    slots.apply(&grant(1));
    assert!(waiting.await.unwrap().is_some());
}

#[test]
fn held_slots_are_never_more_than_the_capacity() {
    let (slots, _) = slots(4, 9);
    assert_eq!(slots.held(), 4);
}
