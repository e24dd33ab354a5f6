//! The option lists of pcapng blocks.

use byteorder_slice::ByteOrder;

/// `opt_comment`, allowed in every block.
pub(super) const COMMENT: u16 = 1;

/// One option: its code, and where in the block's body its value lies.
pub(super) struct Opt<'a> {
    /// What it is; the meaning depends on the block.
    pub(super) code: u16,
    /// Its value, without the padding.
    pub(super) value: &'a [u8],
    /// Where the value begins in the list.
    pub(super) start: usize,
}

/// A list whose last option reaches beyond its block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overrun {
    /// The option's code.
    pub(super) code: u16,
    /// The length it claims.
    pub(super) length: u16,
}

/// Walks an option list. It ends at `opt_endofopt` or, as many writers leave that out, at the
/// end of the block.
pub(super) fn walk<B: ByteOrder>(
    list: &[u8],
) -> impl Iterator<Item = Result<Opt<'_>, Overrun>> + '_ {
    let mut at: usize = 0;
    std::iter::from_fn(move || {
        let header = list.get(at..at.checked_add(4)?)?;
        let (code, length) = header.split_at_checked(2)?;
        let (code, length) = (B::read_u16(code), B::read_u16(length));
        if code == 0 {
            at = list.len();
            return None;
        }
        let start = at + 4;
        let end = start + usize::from(length);
        let Some(value) = list.get(start..end) else {
            at = list.len();
            return Some(Err(Overrun { code, length }));
        };
        at = end.next_multiple_of(4);
        Some(Ok(Opt { code, value, start }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use byteorder_slice::{BigEndian, LittleEndian};

    #[test]
    fn a_list_ends_at_its_end_mark_or_with_its_block() {
        let with_mark = [1, 0, 3, 0, b'a', b'b', b'c', 0, 0, 0, 0, 0, 9, 0, 9, 0];
        let found: Vec<_> = walk::<LittleEndian>(&with_mark)
            .map(|option| option.map(|option| (option.code, option.value, option.start)))
            .collect();
        assert_eq!(found, [Ok((1, &b"abc"[..], 4))]);
        assert_eq!(walk::<BigEndian>(&[0, 2, 0, 0]).count(), 1);
        assert_eq!(walk::<BigEndian>(&[]).count(), 0);
    }

    #[test]
    fn an_option_longer_than_its_block_is_an_overrun() {
        let found: Vec<_> = walk::<BigEndian>(&[0, 2, 0, 9, 1, 2, 3, 4])
            .map(|option| option.map(|option| option.code))
            .collect();
        assert_eq!(found, [Err(Overrun { code: 2, length: 9 })]);
    }
}
