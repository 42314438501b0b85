//! Fair shares of a limited number of slots.
//!
//! In: what each gateway holds and wants. Out: how much one of them may hold. Must not know: what a slot is for.

/// What a gateway holds and wants of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotHolder {
    /// The slots that it holds.
    pub held: u32,
    /// The slots that it could use.
    pub wanted: u32,
}

/// The slots that each gateway keeps while it does not use them, so that its first calls need not wait: a quarter of an
/// equal share, and at least one.
#[must_use]
pub fn minimum_slots(capacity: u32, gateways: u32) -> u32 {
    (capacity / gateways.max(1) / 4).max(1).min(capacity)
}

/// The slots that the gateway at `own` may hold from now on, and its fair share, which may be more. If it holds more, it
/// returns the surplus as soon as it is free. It never gets a slot that another gateway still holds.
///
/// `holders` has the same order in all gateways; `minimum` is what each of them keeps without using it. With fewer slots
/// than gateways none keeps anything: otherwise the same ones would hold all slots without using them.
#[must_use]
pub fn allowed_slots(capacity: u32, minimum: u32, holders: &[SlotHolder], own: usize) -> (u32, u32) {
    let minimum = kept_minimum(capacity, minimum, holders);
    let wanted: Vec<u32> = holders.iter().map(|holder| holder.wanted.max(minimum)).collect();
    let share = fair_shares(capacity, &wanted).get(own).copied().unwrap_or_default();
    let others = holders.iter().enumerate().filter(|(index, _)| *index != own);
    let held_by_others = others.fold(0_u32, |sum, (_, holder)| sum.saturating_add(holder.held));
    (share.min(capacity.saturating_sub(held_by_others)), share)
}

/// The slots that no gateway but the one at `own` holds, wants, or keeps without using it.
#[must_use]
pub fn unwanted_slots(capacity: u32, minimum: u32, holders: &[SlotHolder], own: usize) -> u32 {
    let minimum = kept_minimum(capacity, minimum, holders);
    let others = holders.iter().enumerate().filter(|(index, _)| *index != own);
    others.fold(capacity, |left, (_, holder)| left.saturating_sub(holder.held.max(holder.wanted).max(minimum)))
}

fn kept_minimum(capacity: u32, minimum: u32, holders: &[SlotHolder]) -> u32 {
    let is_enough_for_all = u32::try_from(holders.len()).is_ok_and(|gateways| gateways <= capacity);
    if is_enough_for_all { minimum } else { 0 }
}

/// Max-min fair shares: who wants less than an equal share gets what it wants, and the others share the rest equally.
fn fair_shares(capacity: u32, wanted: &[u32]) -> Vec<u32> {
    let mut order: Vec<(usize, u32)> = wanted.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, wanted)| *wanted);
    let mut shares = vec![0; wanted.len()];
    let (mut rest, mut left) = (capacity, u32::try_from(wanted.len()).unwrap_or(u32::MAX));
    for (index, wanted) in order {
        let share = wanted.min(rest / left.max(1));
        if let Some(place) = shares.get_mut(index) {
            *place = share;
        }
        rest -= share;
        left = left.saturating_sub(1);
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_wants_are_met_and_the_rest_is_shared_equally() {
        assert_eq!(fair_shares(8, &[1, 100, 100]), [1, 3, 4]);
        assert_eq!(fair_shares(8, &[2, 3]), [2, 3]);
        assert_eq!(fair_shares(8, &[100]), [8]);
        assert_eq!(fair_shares(2, &[1, 1, 1]), [0, 1, 1]);
        assert_eq!(fair_shares(8, &[]), Vec::<u32>::new());
    }

    #[test]
    fn busy_gateway_gets_everything_but_the_minimum_of_the_others() {
        let idle = SlotHolder { held: 1, wanted: 0 };
        let busy = SlotHolder { held: 2, wanted: 50 };
        assert_eq!(minimum_slots(8, 2), 1);
        assert_eq!(allowed_slots(8, 1, &[idle, busy], 1), (7, 7));
        assert_eq!(allowed_slots(8, 1, &[idle, busy], 0), (1, 1));
        assert_eq!((minimum_slots(64, 2), minimum_slots(1, 3)), (8, 1));
    }

    #[test]
    fn slots_that_another_gateway_still_holds_are_not_given_away() {
        let holders = [SlotHolder { held: 8, wanted: 8 }, SlotHolder { held: 0, wanted: 8 }];
        assert_eq!(allowed_slots(8, 1, &holders, 0), (4, 4), "it must return four");
        assert_eq!(allowed_slots(8, 1, &holders, 1), (0, 4), "until then the other one waits");
    }

    #[test]
    fn with_fewer_slots_than_gateways_the_idle_ones_keep_nothing() {
        let (idle, busy) = (SlotHolder { held: 0, wanted: 0 }, SlotHolder { held: 0, wanted: 1 });
        for own in 0..3 {
            let mut holders = [idle; 3];
            holders[own] = busy;
            assert_eq!(allowed_slots(2, minimum_slots(2, 3), &holders, own), (1, 1));
            assert_eq!(allowed_slots(2, minimum_slots(2, 3), &holders, (own + 1) % 3), (0, 0));
        }
    }

    #[test]
    fn slots_that_others_hold_or_want_are_not_unwanted() {
        let holders = [SlotHolder { held: 2, wanted: 0 }, SlotHolder { held: 1, wanted: 3 }];
        assert_eq!([unwanted_slots(4, 0, &holders, 0), unwanted_slots(4, 0, &holders, 1)], [1, 2]);
        assert_eq!(unwanted_slots(2, 0, &holders, 0), 0);
        assert_eq!(unwanted_slots(4, 3, &holders, 1), 1, "the minimum of the other one");
    }

    /// What a gateway does with a grant: it returns free slots, and takes more.
    fn renew(capacity: u32, minimum: u32, holders: &mut [SlotHolder], own: usize, in_use: u32) {
        let (allowed, _) = allowed_slots(capacity, minimum, holders, own);
        holders[own].held = allowed.max(in_use.min(holders[own].held));
    }

    proptest! {
        #[test]
        fn shares_are_fair_and_never_more_than_the_capacity(
            capacity in 0_u32..200,
            wanted in prop::collection::vec(0_u32..100, 0..12),
        ) {
            let shares = fair_shares(capacity, &wanted);
            let (sum, total) = (shares.iter().sum::<u32>(), wanted.iter().sum::<u32>());
            prop_assert_eq!(sum, capacity.min(total), "nothing is left while somebody wants it");
            for (share, wanted) in shares.iter().zip(&wanted) {
                prop_assert!(share <= wanted);
                if share < wanted {
                    // Nobody who got less than asked has over one less than anybody else.
                    prop_assert!(shares.iter().all(|other| *other <= share + 1), "{:?}", shares);
                }
            }
        }

        #[test]
        fn held_slots_are_never_more_than_the_capacity(
            capacity in 1_u32..40,
            minimum in 0_u32..4,
            steps in prop::collection::vec((0_usize..5, 0_u32..60, 0_u32..60), 1..200),
        ) {
            let mut holders = vec![SlotHolder { held: 0, wanted: 0 }; 5];
            for (own, wanted, in_use) in steps {
                holders[own].wanted = wanted;
                renew(capacity, minimum, &mut holders, own, in_use);
                prop_assert!(holders.iter().map(|holder| holder.held).sum::<u32>() <= capacity, "{:?}", holders);
            }
        }

        #[test]
        fn constant_wants_are_met_fairly_after_three_rounds(
            capacity in 5_u32..40,
            wanted in prop::collection::vec(0_u32..60, 5),
            held in prop::collection::vec(0_u32..8, 5),
        ) {
            let mut holders: Vec<SlotHolder> = Vec::new();
            for (wanted, held) in wanted.iter().zip(held) {
                let taken: u32 = holders.iter().map(|holder| holder.held).sum();
                holders.push(SlotHolder { held: held.min(capacity - taken), wanted: *wanted });
            }
            for _ in 0..3 {
                (0..5).for_each(|own| renew(capacity, 1, &mut holders, own, 0));
            }
            let wanted: Vec<u32> = wanted.iter().map(|wanted| (*wanted).max(1)).collect();
            let held: Vec<u32> = holders.iter().map(|holder| holder.held).collect();
            prop_assert_eq!(held, fair_shares(capacity, &wanted));
        }
    }
}
