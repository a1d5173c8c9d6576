//! A program's heap that takes memory back, last in first out.
//!
//! The entrypoint's own allocator only ever grows. Here the last block can be grown and shrunk where it lies, and given
//! back. Any other block is remembered when it is freed, in its own bytes, and comes back as soon as it is the last one: what
//! a margin check allocates is all there again after it, in whatever order it was dropped.
//!
//! Nothing is kept outside the heap: a program has no writable statics. Its first words hold where the free part begins and the
//! last remembered block. Every invocation, a CPI too, starts with a heap of its own that is all zero.

use core::{
    alloc::{GlobalAlloc, Layout},
    ptr::null_mut,
};

/// Where the runtime maps the heap.
const PROGRAM_START: usize = 0x3_0000_0000;
/// The heap that every transaction has. A larger one can be requested, but a program is not told, so none is used.
const PROGRAM_LENGTH: usize = 32 * 1024;

/// See the module. Addresses, the end exclusive.
pub struct Heap {
    start: usize,
    end: usize,
}

impl Heap {
    /// The heap of the running program.
    #[must_use]
    pub const fn of_program() -> Self {
        Self {
            start: PROGRAM_START,
            end: PROGRAM_START + PROGRAM_LENGTH,
        }
    }

    /// # Safety
    /// The heap is this type's alone, and was zero at first.
    unsafe fn state(&self) -> *mut State {
        let state = self.start as *mut State;
        // SAFETY: the caller's word; the start is aligned to a unit and the state fills one.
        unsafe {
            if (*state).next == 0 {
                (*state).next = self.start + UNIT;
            }
        }
        state
    }

    /// Start and end of a block of `size` bytes that may begin at `from`; `None` when it does not fit.
    fn block(&self, from: usize, size: usize, align: usize) -> Option<(usize, usize)> {
        // Alignments are powers of two, and every block ends on a whole unit.
        let mask = align.wrapping_sub(1);
        let start = from.checked_add(mask)? & !mask;
        let end = start.checked_add(whole(size)?)?;
        (end <= self.end).then_some((start, end))
    }

    /// # Safety
    /// `start` and `end` are those of a block that nobody uses any more; otherwise as [`Heap::state`].
    unsafe fn give_back(&self, start: usize, end: usize) {
        // SAFETY: the list's nodes lie in blocks that were given back, each of a unit at least and aligned to one.
        unsafe {
            let state = self.state();
            if end != (*state).next {
                let freed = start as *mut Freed;
                freed.write(Freed {
                    end,
                    before: (*state).freed,
                });
                (*state).freed = start;
                return;
            }
            (*state).next = start;
            while self.take_last(state) {}
        }
    }

    /// Gives back the remembered block that has become the last one, if there is one.
    ///
    /// # Safety
    /// As [`Heap::give_back`].
    unsafe fn take_last(&self, state: *mut State) -> bool {
        // SAFETY: as above; `link` points at the state's list head or at a node's link.
        unsafe {
            let mut link = &raw mut (*state).freed;
            while *link != 0 {
                let start = *link;
                let freed = start as *mut Freed;
                if (*freed).end == (*state).next {
                    *link = (*freed).before;
                    (*state).next = start;
                    return true;
                }
                link = &raw mut (*freed).before;
            }
            false
        }
    }
}

/// Blocks begin and end on multiples of this many bytes, so that the end of one is the start of the next and a freed one
/// has room for a [`Freed`].
const UNIT: usize = 16;

/// The first unit of the heap. Addresses; zero for none.
struct State {
    next: usize,
    freed: usize,
}

/// What a freed block holds: its end, and the one remembered before it.
struct Freed {
    end: usize,
    before: usize,
}

const _: () = assert!(size_of::<State>() <= UNIT && size_of::<Freed>() <= UNIT);

fn whole(size: usize) -> Option<usize> {
    size.checked_next_multiple_of(UNIT)
}

// SAFETY: a block lies between the first unit and the end, aligned, and begins where the last one in use ends, or behind it.
// A program has one thread.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the heap is this allocator's alone.
        unsafe {
            let state = self.state();
            match self.block((*state).next, layout.size(), layout.align()) {
                Some((start, end)) => {
                    (*state).next = end;
                    start as *mut u8
                }
                None => null_mut(),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = block as usize;
        // The size fitted when the block was given. SAFETY: as above.
        if let Some(size) = whole(layout.size()) {
            unsafe { self.give_back(start, start.wrapping_add(size)) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block as usize;
        let (Some(old), Some(new)) = (whole(layout.size()), whole(size)) else {
            return null_mut();
        };
        // SAFETY: as above. The old block holds `layout.size()` bytes, a new one lies behind it.
        unsafe {
            let state = self.state();
            if start.wrapping_add(old) == (*state).next {
                return match self.block(start, size, 1) {
                    Some((_, end)) => {
                        (*state).next = end;
                        block
                    }
                    None => null_mut(),
                };
            }
            if new <= old {
                // What is cut off is a whole number of units.
                if new < old {
                    self.give_back(start.wrapping_add(new), start.wrapping_add(old));
                }
                return block;
            }
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size());
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heap as the runtime hands it over: zeros. The first unit is the allocator's.
    #[repr(align(64))]
    struct Memory([u64; WORDS]);

    const WORDS: usize = 32;
    const ROOM: usize = WORDS * 8 - UNIT;

    impl Memory {
        fn heap(&mut self) -> Heap {
            let start = self.0.as_mut_ptr() as usize;
            Heap {
                start,
                end: start + WORDS * 8,
            }
        }
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    fn place(heap: &Heap, block: *mut u8) -> usize {
        block as usize - heap.start
    }

    #[test]
    fn blocks_are_aligned_and_do_not_overlap() {
        let mut memory = Memory([0; WORDS]);
        let heap = memory.heap();
        // SAFETY: the memory outlives the blocks.
        unsafe {
            let blocks = [(1, 1), (17, 8), (2, 16), (1, 64)]
                .map(|(size, align)| place(&heap, heap.alloc(layout(size, align))));
            assert_eq!(blocks, [16, 32, 64, 128]);
        }
    }

    #[test]
    fn an_exhausted_heap_gives_null_and_keeps_what_it_gave() {
        let mut memory = Memory([0; WORDS]);
        let heap = memory.heap();
        // SAFETY: as above.
        unsafe {
            let all = heap.alloc(layout(ROOM, 8));
            assert!(!all.is_null());
            assert!(heap.alloc(layout(1, 1)).is_null());
            assert!(heap.alloc(layout(isize::MAX as usize, 1)).is_null());
            assert!(heap.realloc(all, layout(ROOM, 8), ROOM + 1).is_null());
            heap.dealloc(all, layout(ROOM, 8));
            assert_eq!(heap.alloc(layout(1, 1)), all);
        }
    }

    #[test]
    fn all_comes_back_in_whatever_order_it_is_freed() {
        let block = layout(40, 8);
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let mut memory = Memory([0; WORDS]);
            let heap = memory.heap();
            // SAFETY: as above.
            unsafe {
                let blocks = [(); 3].map(|()| heap.alloc(block));
                for i in order {
                    heap.dealloc(blocks[i], block);
                }
                assert_eq!(place(&heap, heap.alloc(layout(ROOM, 8))), UNIT, "{order:?}");
            }
        }
    }

    #[test]
    fn a_freed_block_waits_for_those_behind_it() {
        let mut memory = Memory([0; WORDS]);
        let heap = memory.heap();
        let block = layout(16, 8);
        // SAFETY: as above.
        unsafe {
            let [a, b, c] = [(); 3].map(|()| heap.alloc(block));
            c.cast::<u64>().write(7);
            heap.dealloc(a, block);
            heap.dealloc(b, block);
            let d = heap.alloc(block);
            assert_eq!(place(&heap, d), 64);
            assert_eq!(c.cast::<u64>().read(), 7);
            heap.dealloc(d, block);
            heap.dealloc(c, block);
            assert_eq!(heap.alloc(block), a);
        }
    }

    #[test]
    fn the_last_block_grows_where_it_is_and_others_move_with_their_bytes() {
        let mut memory = Memory([0; WORDS]);
        let heap = memory.heap();
        let small = layout(16, 8);
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(small);
            assert_eq!(heap.realloc(a, small, 40), a);
            assert_eq!(heap.realloc(a, layout(40, 8), 16), a);
            a.cast::<u64>().write(7);
            let b = heap.alloc(small);
            assert_eq!(place(&heap, b), 32);
            assert_eq!(heap.realloc(a, small, 4), a);
            let moved = heap.realloc(a, small, 24);
            assert_eq!(place(&heap, moved), 48);
            assert_eq!(moved.cast::<u64>().read(), 7);
            heap.dealloc(moved, layout(24, 8));
            heap.dealloc(b, small);
            assert_eq!(heap.alloc(small), a);
        }
    }

    #[test]
    fn what_shrinking_cuts_off_comes_back() {
        let mut memory = Memory([0; WORDS]);
        let heap = memory.heap();
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(layout(64, 8));
            let b = heap.alloc(layout(16, 8));
            assert_eq!(heap.realloc(a, layout(64, 8), 16), a);
            heap.dealloc(b, layout(16, 8));
            assert_eq!(place(&heap, heap.alloc(layout(16, 8))), 32);
        }
    }

    #[test]
    fn memory_that_was_used_before_is_zeroed_when_asked() {
        let mut memory = Memory([0; WORDS]);
        let heap = memory.heap();
        let block = layout(16, 8);
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(block);
            a.cast::<u64>().write(u64::MAX);
            heap.dealloc(a, block);
            assert_eq!(heap.alloc_zeroed(block).cast::<u64>().read(), 0);
        }
    }

    #[test]
    fn each_invocation_has_a_heap_of_its_own() {
        let (mut outer, mut inner) = (Memory([0; WORDS]), Memory([0; WORDS]));
        let (outer, inner) = (outer.heap(), inner.heap());
        let block = layout(16, 8);
        // SAFETY: as above.
        unsafe {
            assert_eq!(place(&outer, outer.alloc(block)), 16);
            assert_eq!(place(&inner, inner.alloc(block)), 16);
            assert_eq!(place(&outer, outer.alloc(block)), 32);
        }
    }
}
