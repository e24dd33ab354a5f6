//! The kernel's packet ring: TPACKET_V3 (packet(7), Documentation/networking/packet_mmap.rst).
//!
//! The kernel writes frames into blocks of a mapping that we share with it and hands over whole
//! blocks; we read them in place and hand them back. This is the only file with `unsafe`. What
//! makes it sound: the mapping lives as long as [`Ring`]; a block is read only while its status
//! says that it is ours ([`Block`] hands it back when dropped, and borrows the ring, so there is
//! one at a time); every offset the kernel gives is checked against the block before it is used.
#![expect(
    unsafe_code,
    reason = "the kernel's capture ring is shared memory; rustix has no call for it"
)]

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes of a block; the longest frame (64 KiB, and more with BIG TCP) fits in.
const BLOCK: usize = 1 << 20;

/// A block that is not full is handed over after this time.
pub(super) const RETIRE_MILLISECONDS: u32 = 20;

/// What the kernel shall hand over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The interface's number; 0 for all.
    pub(super) interface: u32,
    /// Whether frames come without their link header (the kernel's cooked form).
    pub(super) cooked: bool,
    /// Whether frames for others are wanted too.
    pub(super) promiscuous: bool,
    /// Whether outgoing frames are left out: on loopback each packet would come twice.
    pub(super) incoming_only: bool,
    /// Blocks of 1 MiB.
    pub(super) blocks: u32,
}

/// A packet socket with its ring.
pub(super) struct Ring {
    socket: OwnedFd,
    map: NonNull<u8>,
    blocks: usize,
    next: usize,
}

// SAFETY: the mapping belongs to the ring alone; nothing in it is bound to a thread.
unsafe impl Send for Ring {}

/// What the kernel counted since it was last asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    /// Frames that passed, the lost ones among them.
    pub(super) passed: u32,
    /// Frames for which there was no room.
    pub(super) lost: u32,
}

/// A frame as it lies in the ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// The captured bytes, without a VLAN tag that the kernel took off.
    pub(super) bytes: &'a [u8],
    /// Bytes on the wire, without that tag.
    pub(super) wire_length: u32,
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    /// Protocol identifier and control information of the tag that was taken off.
    pub(super) tag: Option<(u16, u16)>,
    /// Whether a checksum is left for the card to finish.
    pub(super) unfinished: bool,
    /// Number of the interface.
    pub(super) interface: u32,
    /// To us, broadcast, multicast, to others, from us (0–4).
    pub(super) direction: u8,
    /// EtherType, in the byte order of the machine.
    pub(super) protocol: u16,
    /// Hardware type (ARPHRD).
    pub(super) hardware: u16,
    /// The sender's hardware address; `address_length` bytes of it count.
    pub(super) address: [u8; 8],
    /// Length of the hardware address.
    pub(super) address_length: u8,
}

impl Ring {
    /// Opens the socket, makes the ring, and only then binds: nothing of other interfaces gets in.
    pub(super) fn open(wanted: Wanted) -> io::Result<Ring> {
        let kind = match wanted.cooked {
            true => libc::SOCK_DGRAM,
            false => libc::SOCK_RAW,
        };
        // SAFETY: no pointers; the descriptor is owned from here on.
        let socket = unsafe {
            let fd = libc::socket(
                libc::AF_PACKET,
                kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
                0,
            );
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        set(
            &socket,
            libc::PACKET_VERSION,
            &libc::tpacket_versions::TPACKET_V3,
        )?;
        if wanted.incoming_only {
            set(&socket, libc::PACKET_IGNORE_OUTGOING, &1i32)?;
        }
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK as u32,
            tp_block_nr: wanted.blocks,
            // Only a divisor here: frames of any length are packed into a block.
            tp_frame_size: 2048,
            tp_frame_nr: wanted.blocks * (BLOCK as u32 / 2048),
            tp_retire_blk_tov: RETIRE_MILLISECONDS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&socket, libc::PACKET_RX_RING, &request)?;
        let blocks = wanted.blocks as usize;
        // SAFETY: a new mapping at an address of the kernel's choice, of the ring's exact size.
        let map = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                blocks * BLOCK,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let map =
            NonNull::new(map.cast()).ok_or_else(|| io::Error::other("a ring at address 0"))?;
        let ring = Ring {
            socket,
            map,
            blocks,
            next: 0,
        };
        ring.bind(wanted.interface)?;
        if wanted.promiscuous && wanted.interface != 0 {
            let member = libc::packet_mreq {
                mr_ifindex: wanted.interface as i32,
                mr_type: libc::PACKET_MR_PROMISC as u16,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            set(&ring.socket, libc::PACKET_ADD_MEMBERSHIP, &member)?;
        }
        Ok(ring)
    }

    fn bind(&self, interface: u32) -> io::Result<()> {
        let address = link_address(interface);
        // SAFETY: the address is a whole sockaddr_ll, and its length is given.
        let bound = unsafe {
            libc::bind(
                self.socket.as_raw_fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            )
        };
        ok(bound)
    }

    /// The next block, if the kernel has handed one over.
    pub(super) fn take(&mut self) -> Option<Block<'_>> {
        let at = self.next * BLOCK;
        // SAFETY: `at` is the beginning of a block within the mapping, aligned to a page.
        let description = unsafe { self.map.add(at).cast::<libc::tpacket_block_desc>() };
        let block = Block {
            description,
            ring: PhantomData,
        };
        if block.status().load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            // Not ours: nothing is to be handed back.
            std::mem::forget(block);
            return None;
        }
        self.next = (self.next + 1) % self.blocks;
        Some(block)
    }

    /// What was counted since the last call.
    pub(super) fn counted(&self) -> io::Result<Counted> {
        let mut counted = libc::tpacket_stats_v3 {
            tp_packets: 0,
            tp_drops: 0,
            tp_freeze_q_cnt: 0,
        };
        let mut length = size_of::<libc::tpacket_stats_v3>() as u32;
        // SAFETY: the kernel writes at most `length` bytes, the size of the structure.
        let got = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut counted).cast(),
                &raw mut length,
            )
        };
        ok(got)?;
        Ok(Counted {
            passed: counted.tp_packets,
            lost: counted.tp_drops,
        })
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nobody borrows from the ring any more. A failure would
        // leave it to the end of the process.
        unsafe {
            libc::munmap(self.map.as_ptr().cast(), self.blocks * BLOCK);
        }
    }
}

/// A block that is ours to read until it is dropped.
pub(super) struct Block<'a> {
    description: NonNull<libc::tpacket_block_desc>,
    ring: PhantomData<&'a mut Ring>,
}

impl Block<'_> {
    fn status(&self) -> &AtomicU32 {
        // SAFETY: within the mapping and aligned to 4; both sides access it atomically.
        unsafe {
            let status = &raw mut (*self.description.as_ptr()).hdr.bh1.block_status;
            AtomicU32::from_ptr(status)
        }
    }

    /// The block's bytes.
    fn bytes(&self) -> &[u8] {
        // SAFETY: the block is ours until the status is given back, so nobody writes to it.
        unsafe { std::slice::from_raw_parts(self.description.as_ptr().cast::<u8>(), BLOCK) }
    }

    /// The frames, in the order in which they were seen.
    pub(super) fn frames(&self) -> impl Iterator<Item = Raw<'_>> {
        let (count, first) = {
            // SAFETY: the kernel filled the header before it handed the block over.
            let header = unsafe { (*self.description.as_ptr()).hdr.bh1 };
            (header.num_pkts, header.offset_to_first_pkt)
        };
        let bytes = self.bytes();
        let mut at = first as usize;
        (0..count).map_while(move |_| {
            let (raw, next) = frame(bytes.get(at..)?)?;
            at += next;
            Some(raw)
        })
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.status()
            .store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }
}

/// The frame at the beginning of `bytes`, and where the next one begins.
fn frame(bytes: &[u8]) -> Option<(Raw<'_>, usize)> {
    const HEADER: usize = size_of::<libc::tpacket3_hdr>();
    let header: libc::tpacket3_hdr = read(bytes, 0)?;
    let link: libc::sockaddr_ll = read(bytes, HEADER.next_multiple_of(16))?;
    let start = usize::from(header.tp_mac);
    let captured = bytes.get(start..start.checked_add(header.tp_snaplen as usize)?)?;
    let status = header.tp_status;
    let tag = (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| {
        let identifier = match status & libc::TP_STATUS_VLAN_TPID_VALID {
            0 => 0x8100,
            _ => header.hv1.tp_vlan_tpid,
        };
        (identifier, header.hv1.tp_vlan_tci as u16)
    });
    let raw = Raw {
        bytes: captured,
        wire_length: header.tp_len,
        time: i64::from(header.tp_sec) * 1_000_000_000 + i64::from(header.tp_nsec),
        tag,
        unfinished: status & libc::TP_STATUS_CSUMNOTREADY != 0,
        interface: u32::try_from(link.sll_ifindex).unwrap_or_default(),
        direction: link.sll_pkttype,
        protocol: u16::from_be(link.sll_protocol),
        hardware: link.sll_hatype,
        address: link.sll_addr,
        address_length: link.sll_halen,
    };
    Some((raw, header.tp_next_offset as usize))
}

/// A copy of the structure at `at`.
fn read<T: Copy>(bytes: &[u8], at: usize) -> Option<T> {
    let source = bytes.get(at..at.checked_add(size_of::<T>())?)?;
    // SAFETY: `source` has the structure's size, and the kernel's structures are numbers only,
    // for which every pattern of bytes is a value.
    Some(unsafe { source.as_ptr().cast::<T>().read_unaligned() })
}

/// The hardware type of an interface (ARPHRD), which says what its frames begin with.
pub(super) fn hardware_type(interface: u32) -> io::Result<u16> {
    // SAFETY: as in `Ring::open`; protocol 0 receives nothing.
    let socket = unsafe {
        let fd = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(fd)
    };
    let mut address = link_address(interface);
    address.sll_protocol = 0;
    let mut length = size_of::<libc::sockaddr_ll>() as u32;
    // SAFETY: both calls get the structure and its size.
    unsafe {
        ok(libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            length,
        ))?;
        ok(libc::getsockname(
            socket.as_raw_fd(),
            (&raw mut address).cast(),
            &raw mut length,
        ))?;
    }
    Ok(address.sll_hatype)
}

fn link_address(interface: u32) -> libc::sockaddr_ll {
    libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: interface as i32,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    }
}

fn set<T>(socket: &OwnedFd, option: i32, value: &T) -> io::Result<()> {
    // SAFETY: the kernel reads as many bytes as the value has.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as u32,
        )
    };
    ok(done)
}

fn ok(result: i32) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
