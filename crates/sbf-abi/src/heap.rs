//! A program's heap that takes memory back, last in first out.
//!
//! The entrypoint's own allocator only ever grows; here the block that was given last can be given back, or grown and shrunk
//! where it lies. Any other block is lost when it is freed, until what lies before it is freed as the last one. Programs
//! drop in the reverse order of making, so most of what a margin check allocates comes back.
//!
//! Nothing is kept outside the heap: a program has no writable statics. The first word of the heap holds where the free
//! part begins. Every invocation, a CPI too, starts with a heap of its own that is all zero.

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
    /// From the heap's first word on only this type may write it, and it must be zero at first.
    unsafe fn next(&self) -> usize {
        // SAFETY: the start is the runtime's, aligned, and the caller's word that nobody else writes it.
        let next = unsafe { (self.start as *const usize).read() };
        if next == 0 {
            self.start + size_of::<usize>()
        } else {
            next
        }
    }

    /// # Safety
    /// As [`Heap::next`].
    unsafe fn set_next(&self, next: usize) {
        // SAFETY: as above.
        unsafe { (self.start as *mut usize).write(next) };
    }

    /// Start and end of a block of `size` bytes that may begin at `from`; `None` when it does not fit.
    fn block(&self, from: usize, size: usize, align: usize) -> Option<(usize, usize)> {
        // Alignments are powers of two.
        let start = from.checked_add(align.wrapping_sub(1))? & !align.wrapping_sub(1);
        let end = start.checked_add(size)?;
        (end <= self.end).then_some((start, end))
    }
}

// SAFETY: a block lies between the first word and the end, aligned, and begins where the ones given before it end,
// except where the last one was given back. A program has one thread.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the heap is this allocator's alone.
        let next = unsafe { self.next() };
        let Some((start, end)) = self.block(next, layout.size(), layout.align()) else {
            return null_mut();
        };
        // SAFETY: as above.
        unsafe { self.set_next(end) };
        start as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = block as usize;
        // SAFETY: as above. What alignment skipped before the block stays skipped.
        unsafe {
            if start.wrapping_add(layout.size()) == self.next() {
                self.set_next(start);
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block as usize;
        // SAFETY: as above. The old block holds `layout.size()` bytes, a new one lies behind it.
        unsafe {
            if start.wrapping_add(layout.size()) == self.next() {
                return match self.block(start, size, 1) {
                    Some((_, end)) => {
                        self.set_next(end);
                        block
                    }
                    None => null_mut(),
                };
            }
            if size <= layout.size() {
                return block;
            }
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size());
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: usize = 16;

    /// A heap as the runtime hands it over: zeros. The first word is the allocator's.
    fn heap(memory: &mut [u64; WORDS]) -> Heap {
        let start = memory.as_mut_ptr() as usize;
        Heap {
            start,
            end: start + size_of::<[u64; WORDS]>(),
        }
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_are_aligned_and_do_not_overlap() {
        let mut memory = [0; WORDS];
        let heap = heap(&mut memory);
        // SAFETY: the memory outlives the blocks.
        unsafe {
            let a = heap.alloc(layout(1, 1)) as usize;
            let b = heap.alloc(layout(8, 8)) as usize;
            let c = heap.alloc(layout(2, 2)) as usize;
            assert_eq!([a, b, c].map(|x| x - heap.start), [8, 16, 24]);
        }
    }

    #[test]
    fn an_exhausted_heap_gives_null_and_keeps_what_it_gave() {
        let mut memory = [0; WORDS];
        let heap = heap(&mut memory);
        // SAFETY: as above.
        unsafe {
            let all = heap.alloc(layout((WORDS - 1) * 8, 8));
            assert!(!all.is_null());
            assert!(heap.alloc(layout(1, 1)).is_null());
            assert!(heap.alloc(layout(isize::MAX as usize, 1)).is_null());
            assert!(
                heap.realloc(all, layout((WORDS - 1) * 8, 8), WORDS * 8)
                    .is_null()
            );
            heap.dealloc(all, layout((WORDS - 1) * 8, 8));
            assert_eq!(heap.alloc(layout(1, 1)), all);
        }
    }

    #[test]
    fn the_last_block_comes_back_and_others_when_it_reaches_them() {
        let mut memory = [0; WORDS];
        let heap = heap(&mut memory);
        let eight = layout(8, 8);
        // SAFETY: as above.
        unsafe {
            let [a, b, c] = [(); 3].map(|()| heap.alloc(eight));
            heap.dealloc(c, eight);
            assert_eq!(heap.alloc(eight), c);
            // Out of order: b's room is lost until a, before it, is the last.
            heap.dealloc(b, eight);
            assert_eq!(heap.alloc(eight) as usize, c as usize + 8);
            assert_eq!(a as usize + 8, b as usize);
        }
    }

    #[test]
    fn the_last_block_grows_where_it_is_and_others_move_with_their_bytes() {
        let mut memory = [0; WORDS];
        let heap = heap(&mut memory);
        let eight = layout(8, 8);
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(eight);
            assert_eq!(heap.realloc(a, eight, 16), a);
            assert_eq!(heap.realloc(a, layout(16, 8), 8), a);
            a.cast::<u64>().write(7);
            let b = heap.alloc(eight);
            assert_eq!(b as usize, a as usize + 8);
            assert_eq!(heap.realloc(a, eight, 4), a);
            let moved = heap.realloc(a, eight, 24);
            assert_eq!(moved as usize, b as usize + 8);
            assert_eq!(moved.cast::<u64>().read(), 7);
        }
    }

    #[test]
    fn memory_that_was_used_before_is_zeroed_when_asked() {
        let mut memory = [0; WORDS];
        let heap = heap(&mut memory);
        let eight = layout(8, 8);
        // SAFETY: as above.
        unsafe {
            let a = heap.alloc(eight);
            a.cast::<u64>().write(u64::MAX);
            heap.dealloc(a, eight);
            assert_eq!(heap.alloc_zeroed(eight).cast::<u64>().read(), 0);
        }
    }

    #[test]
    fn each_invocation_has_a_heap_of_its_own() {
        let (mut outer, mut inner) = ([0; WORDS], [0; WORDS]);
        let (outer, inner) = (heap(&mut outer), heap(&mut inner));
        let eight = layout(8, 8);
        // SAFETY: as above.
        unsafe {
            let a = heap_offset(&outer, outer.alloc(eight));
            let b = heap_offset(&inner, inner.alloc(eight));
            assert_eq!((a, b), (8, 8));
            assert_eq!(heap_offset(&outer, outer.alloc(eight)), 16);
        }
    }

    fn heap_offset(heap: &Heap, block: *mut u8) -> usize {
        block as usize - heap.start
    }
}
