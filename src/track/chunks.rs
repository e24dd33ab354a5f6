//! A list that grows without moving what it holds: no peak of twice its size, no copying.

use crate::dissect::as_usize;
use prefetch_index::prefetch_index;

/// Items of a chunk, as a power of two.
const BITS: u32 = 10;
const SIZE: usize = 1 << BITS;

/// A list in chunks.
pub(super) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Chunks { chunks: Vec::new() }
    }
}

impl<T> Chunks<T> {
    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * SIZE + last.len(),
            None => 0,
        }
    }

    /// Adds an item; gives its place.
    pub(super) fn push(&mut self, item: T) -> usize {
        if self.chunks.last().is_none_or(|last| last.len() == SIZE) {
            // The first chunk grows as it is needed: most captures are small.
            let room = if self.chunks.is_empty() { 4 } else { SIZE };
            self.chunks.push(Vec::with_capacity(room));
        }
        if let Some(last) = self.chunks.last_mut() {
            last.push(item);
        }
        self.len() - 1
    }

    /// Has the beginning of the item at a place fetched into the cache, for a walk over many.
    #[inline]
    pub(super) fn fetch(&self, place: usize) {
        if let Some(chunk) = self.chunks.get(place >> BITS) {
            prefetch_index(chunk, place & (SIZE - 1));
        }
    }

    /// The item at a place.
    pub(super) fn get(&self, place: usize) -> Option<&T> {
        self.chunks.get(place >> BITS)?.get(place & (SIZE - 1))
    }

    /// The item at a place, to be changed.
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.chunks
            .get_mut(place >> BITS)?
            .get_mut(place & (SIZE - 1))
    }
}

impl<T> std::ops::Index<usize> for Chunks<T> {
    type Output = T;
    fn index(&self, place: usize) -> &T {
        &self.chunks[place >> BITS][place & (SIZE - 1)]
    }
}

impl<T> std::ops::IndexMut<usize> for Chunks<T> {
    fn index_mut(&mut self, place: usize) -> &mut T {
        &mut self.chunks[place >> BITS][place & (SIZE - 1)]
    }
}

/// Places that are used again once they are given back.
pub(super) struct Slots<T> {
    items: Chunks<T>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots {
            items: Chunks::default(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Keeps an item; gives its place.
    pub(super) fn put(&mut self, item: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self[place] = item;
            return place;
        }
        u32::try_from(self.items.push(item)).expect("fewer than four billion items")
    }

    /// Has the beginning of the item at a place fetched into the cache.
    #[inline]
    pub(super) fn fetch(&self, place: u32) {
        self.items.fetch(as_usize(place));
    }

    /// Gives a place back; what is there stays until the place is used again.
    pub(super) fn free(&mut self, place: u32) {
        self.free.push(place);
    }
}

impl<T> std::ops::Index<u32> for Slots<T> {
    type Output = T;
    fn index(&self, place: u32) -> &T {
        &self.items[as_usize(place)]
    }
}

impl<T> std::ops::IndexMut<u32> for Slots<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.items[as_usize(place)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_at_their_places_over_several_chunks() {
        let mut list = Chunks::default();
        let places: Vec<usize> = (0..3 * SIZE + 5).map(|n| list.push(n)).collect();
        assert_eq!(places, (0..3 * SIZE + 5).collect::<Vec<_>>());
        assert_eq!(list.len(), 3 * SIZE + 5);
        assert_eq!(list[2 * SIZE], 2 * SIZE);
        assert_eq!(list.get(3 * SIZE + 5), None);
        list[SIZE] = 0;
        assert_eq!(list.get_mut(SIZE), Some(&mut 0));
    }
}
