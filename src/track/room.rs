//! Lists that are kept short: whether there is room for one more.
//!
//! All that grows with what strangers send is bounded; this says it once for all of it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// What has a length, and is to have no more than so much.
pub(super) trait Room {
    /// Whether there is room for one more where so many may be.
    fn has_room(&self, most: usize) -> bool;
}

macro_rules! room {
    ($([$($generics:tt)*] $list:ty;)*) => {$(
        impl<$($generics)*> Room for $list {
            fn has_room(&self, most: usize) -> bool {
                self.len() < most
            }
        }
    )*};
}

room! {
    [T] [T];
    [T] VecDeque<T>;
    [T] super::chunks::Chunks<T>;
    [T, S] HashSet<T, S>;
    [K, V] BTreeMap<K, V>;
    [K, V, S] HashMap<K, V, S>;
    [K, V, S] hashbrown::HashMap<K, V, S>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::chunks::Chunks;

    #[test]
    fn there_is_room_up_to_the_last_one() {
        fn takes<L: Default + Room>(mut add: impl FnMut(&mut L, usize)) -> usize {
            let mut list = L::default();
            let room = |place: &usize| {
                let room = list.has_room(5);
                add(&mut list, *place);
                room
            };
            (0..10).take_while(room).count()
        }
        let add = |list: &mut VecDeque<usize>, n| list.push_back(n);
        assert_eq!(takes(add), 5);
        let add = |list: &mut Chunks<usize>, n| assert_eq!(list.push(n), n);
        assert_eq!(takes(add), 5);
        let add = |list: &mut HashSet<usize>, n| assert!(list.insert(n));
        assert_eq!(takes(add), 5);
        let add = |list: &mut HashMap<usize, usize>, n| assert_eq!(list.insert(n, n), None);
        assert_eq!(takes(add), 5);
        let add = |list: &mut BTreeMap<usize, usize>, n| assert_eq!(list.insert(n, n), None);
        assert_eq!(takes(add), 5);
        let list = [1, 2, 3];
        assert!(list.has_room(4) && !list.has_room(3) && !list.has_room(0));
    }
}
