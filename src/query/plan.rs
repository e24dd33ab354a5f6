//! Which layers are read for a set of fields, and the row of values that comes of it.

use super::catalogue::{Catalogue, EntryId, Place};
use super::eval::{Cell, Row};
use super::notes::Notes;
use crate::dissect::field::{FieldIndex, Sink, Value, Wanted};
use crate::dissect::layer::{Layer, Protocol};

/// Some fields of one table, and the slots they go to.
#[derive(Clone, Debug, Default)]
struct Table {
    wanted: Wanted,
    slots: Vec<u16>,
}

impl Table {
    fn insert(&mut self, index: FieldIndex, slot: u16) {
        self.wanted.insert(index);
        let at = usize::from(index.0);
        if self.slots.len() <= at {
            self.slots.resize(at + 1, u16::MAX);
        }
        self.slots[at] = slot;
    }
}

/// What has to be read of a frame, so that some fields are known.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    slots: usize,
    tables: Vec<(Protocol, Table)>,
    notes: Vec<(Notes, Table)>,
    layers: Vec<(&'static str, u16)>,
    /// A bit for each protocol of `tables`, asked for every layer of every frame.
    protocols: u64,
    /// Whether it is asked why dissection ended.
    stop: bool,
}

impl Plan {
    /// A plan for fields of [`Catalogue::frames`], one slot each, in this order.
    pub fn new(fields: &[EntryId]) -> Plan {
        let catalogue = Catalogue::frames();
        let mut plan = Plan {
            slots: fields.len(),
            ..Plan::default()
        };
        for (slot, id) in fields.iter().enumerate() {
            let slot = u16::try_from(slot).unwrap_or(u16::MAX);
            for place in &catalogue.entry(*id).places {
                match *place {
                    Place::Layer(name) => {
                        plan.layers.push((name, slot));
                        plan.stop |= name.starts_with("_ws.");
                    }
                    Place::Field(protocol, index) => {
                        plan.protocols |= bit(protocol);
                        table(&mut plan.tables, protocol).insert(index, slot);
                    }
                    Place::Note(notes, index) => table(&mut plan.notes, notes).insert(index, slot),
                    Place::Fact(_) => {}
                }
            }
        }
        plan
    }

    /// The fields wanted of a protocol.
    pub fn wanted(&self, protocol: Protocol) -> Wanted {
        let found = self.tables.iter().find(|(p, _)| *p == protocol);
        found.map_or(Wanted::default(), |(_, table)| table.wanted)
    }

    /// The fields wanted of a tracker's notes.
    pub fn wanted_notes(&self, notes: Notes) -> Wanted {
        let found = self.notes.iter().find(|(n, _)| *n == notes);
        found.map_or(Wanted::default(), |(_, table)| table.wanted)
    }

    /// Whether any of the trackers' notes is wanted.
    pub fn wants_notes(&self) -> bool {
        !self.notes.is_empty()
    }

    /// The protocols of which fields are wanted.
    pub fn protocols(&self) -> impl Iterator<Item = Protocol> {
        self.tables.iter().map(|(protocol, _)| *protocol)
    }

    /// Whether a layer of this protocol has anything to tell.
    #[inline]
    pub(super) fn wants(&self, protocol: Protocol) -> bool {
        !self.layers.is_empty() || !self.notes.is_empty() || self.protocols & bit(protocol) != 0
    }

    /// Whether whole layers are asked for.
    pub(super) fn wants_layers(&self) -> bool {
        !self.layers.is_empty()
    }

    /// Whether it is asked why dissection ended.
    pub(super) fn wants_stop(&self) -> bool {
        self.stop
    }
}

/// A protocol's place in a set; two may share one, which only costs time.
#[inline]
fn bit(protocol: Protocol) -> u64 {
    1 << (protocol as u8 & 63)
}

fn table<K: Copy + PartialEq>(tables: &mut Vec<(K, Table)>, key: K) -> &mut Table {
    let at = match tables.iter().position(|(k, _)| *k == key) {
        Some(at) => at,
        None => {
            tables.push((key, Table::default()));
            tables.len() - 1
        }
    };
    &mut tables[at].1
}

/// One value of a frame.
#[derive(Clone, Debug)]
struct Item<'a> {
    layer: u8,
    length: Option<u32>,
    value: Value<'a>,
    next: u32,
}

const NONE: u32 = u32::MAX;

/// The values of a frame, by slot.
#[derive(Debug, Default)]
pub struct Values<'a> {
    items: Vec<Item<'a>>,
    /// First and last item of each slot.
    ends: Vec<(u32, u32)>,
    sink: Sink<'a>,
}

impl<'a> Values<'a> {
    /// Forgets the values and keeps the memory, for another frame.
    pub fn recycle<'b>(mut self) -> Values<'b> {
        self.items.clear();
        self.sink.found.clear();
        // Collecting an empty vector into its own memory: only the lifetime changes.
        Values {
            items: self.items.into_iter().map(|_| unreachable!()).collect(),
            ends: self.ends,
            sink: Sink {
                wanted: Wanted::default(),
                found: self
                    .sink
                    .found
                    .into_iter()
                    .map(|_| unreachable!())
                    .collect(),
            },
        }
    }

    /// Makes room for a plan's slots.
    pub(super) fn prepare(&mut self, plan: &Plan) {
        self.ends.clear();
        self.ends.resize(plan.slots, (NONE, NONE));
    }

    fn push(&mut self, slot: u16, layer: u8, length: Option<u32>, value: Value<'a>) {
        let Some(ends) = self.ends.get_mut(usize::from(slot)) else {
            return;
        };
        let at = u32::try_from(self.items.len()).unwrap_or(NONE);
        if ends.0 == NONE {
            ends.0 = at;
        } else if let Some(last) = self.items.get_mut(crate::dissect::as_usize(ends.1)) {
            last.next = at;
        }
        ends.1 = at;
        self.items.push(Item {
            layer,
            length,
            value,
            next: NONE,
        });
    }

    /// Takes in what `emit` hands over of a protocol's layer, the `nth` of its kind.
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        protocol: Protocol,
        nth: u8,
        emit: impl FnOnce(&mut Sink<'a>),
    ) {
        if let Some((_, table)) = plan.tables.iter().find(|(p, _)| *p == protocol) {
            self.take(table, nth, emit);
        }
    }

    /// Takes in what `emit` hands over of a tracker's notes.
    pub(super) fn read_notes(
        &mut self,
        plan: &Plan,
        notes: Notes,
        emit: impl FnOnce(&mut Sink<'a>),
    ) {
        if let Some((_, table)) = plan.notes.iter().find(|(n, _)| *n == notes) {
            self.take(table, 1, emit);
        }
    }

    fn take(&mut self, table: &Table, nth: u8, emit: impl FnOnce(&mut Sink<'a>)) {
        let mut sink = std::mem::take(&mut self.sink);
        sink.wanted = table.wanted;
        emit(&mut sink);
        for found in sink.found.drain(..) {
            if let Some(slot) = table.slots.get(usize::from(found.index.0)) {
                self.push(*slot, nth, None, found.value);
            }
        }
        self.sink = sink;
    }

    /// Notes that a layer is there. `header` is the length that Wireshark gives it.
    pub(super) fn layer(&mut self, plan: &Plan, name: &str, nth: u8, header: u32, bytes: &'a [u8]) {
        for (wanted, slot) in &plan.layers {
            if *wanted == name {
                let value = Value::Bytes(std::borrow::Cow::Borrowed(bytes));
                self.push(*slot, nth, Some(header), value);
            }
        }
    }

    /// The values of a slot.
    pub fn of(&self, slot: usize) -> impl Iterator<Item = &Value<'a>> {
        let mut at = self.ends.get(slot).map_or(NONE, |ends| ends.0);
        std::iter::from_fn(move || {
            let item = self.items.get(crate::dissect::as_usize(at))?;
            at = item.next;
            Some(&item.value)
        })
    }
}

impl Row for Values<'_> {
    fn visit(&self, slot: usize, visitor: &mut dyn FnMut(Cell<'_, '_>) -> bool) -> bool {
        let mut at = self.ends.get(slot).map_or(NONE, |ends| ends.0);
        while let Some(item) = self.items.get(crate::dissect::as_usize(at)) {
            let cell = Cell {
                value: &item.value,
                layer: item.layer,
                length: item.length,
            };
            if visitor(cell) {
                return true;
            }
            at = item.next;
        }
        false
    }

    fn has(&self, slot: usize) -> bool {
        self.ends.get(slot).is_some_and(|ends| ends.0 != NONE)
    }
}

/// A layer's bytes before the next layer's: what Wireshark counts as its length.
pub(super) fn header_length(layers: &[Layer], at: usize) -> u32 {
    let Some(layer) = layers.get(at) else {
        return 0;
    };
    match layers.get(at + 1) {
        Some(next) if next.source == layer.source && next.start >= layer.start => {
            next.start - layer.start
        }
        _ => layer.captured,
    }
}
