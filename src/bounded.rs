//! A map of bounded size: what a process may remember of callers who come and go.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A map that forgets its oldest entry for a new one once it is full.
pub(crate) struct Bounded<K, V> {
    most: usize,
    entries: HashMap<K, V>,
    /// The keys in the order in which they came.
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    /// An empty map of so many entries at the most.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, entries: HashMap::new(), order: VecDeque::new() }
    }

    /// Puts an entry under a key that has none.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.order.len() == self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_is_forgotten_first() {
        let mut map = Bounded::new(3);
        for number in 0..5 {
            map.insert(number, number * 10);
        }
        assert_eq!([0, 1, 2, 3, 4].map(|number| map.get(&number).copied()), [None, None, Some(20), Some(30), Some(40)]);
        assert_eq!((map.entries.len(), map.order.len()), (3, 3));
        *map.get_mut(&4).unwrap() = 41;
        assert_eq!((map.get(&4), map.get(&1)), (Some(&41), None));
        assert_eq!(map.get_mut(&1), None);
    }
}
