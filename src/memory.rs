//! Memory that can run out under a program's limit without ending the program.
//!
//! Owns: where the recorder's memory comes from. Must not: know what it is for.
//!
//! Rust ends the process where an allocation fails, but a program may live with a limit and mean to go on: so there is a
//! reserve. Once it is touched the recording ends, and the little that this takes comes from the reserve, too. It is
//! address space alone until then.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the reserve: several of the largest buffers that a recording asks for.
const SIZE: usize = 4 << 20;

/// Bytes that lie at the beginning of a page.
#[repr(align(4096))]
struct Reserve {
    _bytes: [u8; SIZE],
}

/// Takes what the system gives, and then the reserve.
struct WithReserve;

#[global_allocator]
static ALLOCATOR: WithReserve = WithReserve;

static mut RESERVE: Reserve = Reserve { _bytes: [0; SIZE] };
/// Bytes of the reserve that were given away; they are not taken back.
static USED: AtomicUsize = AtomicUsize::new(0);

/// Whether the system had no memory left.
#[inline]
pub fn is_short() -> bool {
    USED.load(Ordering::Relaxed) > 0
}

/// A piece of the reserve; null where it is used up.
#[cold]
fn from_reserve(layout: Layout) -> *mut u8 {
    let start = (&raw mut RESERVE).cast::<u8>();
    let mut given = ptr::null_mut();
    let take = |used: usize| {
        let begin = used.next_multiple_of(layout.align());
        let end = begin.checked_add(layout.size().max(1))?;
        given = start.wrapping_add(begin);
        (end <= SIZE && layout.align() <= 4096).then_some(end)
    };
    match USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
        Ok(_) => given,
        Err(_) => ptr::null_mut(),
    }
}

fn is_of_reserve(pointer: *mut u8) -> bool {
    let start = (&raw mut RESERVE) as usize;
    (start..start + SIZE).contains(&(pointer as usize))
}

// SAFETY: the system's allocator keeps the contract; so does the reserve, which gives each of its bytes once, aligned as
// asked for, and all of them zero.
unsafe impl GlobalAlloc for WithReserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let given = unsafe { System.alloc(layout) };
        if given.is_null() {
            from_reserve(layout)
        } else {
            given
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let given = unsafe { System.alloc_zeroed(layout) };
        if given.is_null() {
            from_reserve(layout)
        } else {
            given
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !is_of_reserve(pointer) {
            // SAFETY: the caller's promise; the pointer is the system's.
            unsafe { System.dealloc(pointer, layout) };
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_of_reserve(pointer) {
            // SAFETY: the caller's promise; the pointer is the system's.
            let given = unsafe { System.realloc(pointer, layout, size) };
            if !given.is_null() {
                return given;
            }
        }
        // SAFETY: the caller's promise: a size that does not overflow with this alignment. What is copied fits both.
        unsafe {
            let moved = from_reserve(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_aligned_and_apart() {
        let [first, second] = [16, 64].map(|align| {
            let layout = Layout::from_size_align(24, align).unwrap();
            from_reserve(layout) as usize
        });
        assert!(first % 16 == 0 && second % 64 == 0 && second >= first + 24);
        assert!(is_of_reserve(first as *mut u8) && is_short());
        let whole = Layout::from_size_align(SIZE, 1).unwrap();
        assert!(from_reserve(whole).is_null());
        // SAFETY: a piece of the reserve, which is not taken back.
        unsafe { ALLOCATOR.dealloc(first as *mut u8, Layout::new::<[u8; 24]>()) };
        USED.store(0, Ordering::Relaxed);
    }
}
