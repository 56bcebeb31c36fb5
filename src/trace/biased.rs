//! A lock for two: one side owns what it guards and takes it at every event, the other visits now and then.
//!
//! Owns: who may touch what is guarded, and when. Must not: know what that is.
//!
//! A mutex takes two atomic exchanges, each of which waits until everything written before has left the processor: a
//! quarter of the time that a step takes. The owner of this lock makes a plain store, a plain load and a plain store. The
//! price is the visitor's: it says that it wants in, has every processor that runs a thread of this process pass a memory
//! barrier (membarrier(2), Linux), and waits until the owner is out. Where there is no such call each passes its own.

use std::cell::{Cell, UnsafeCell};
use std::hint;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, compiler_fence, fence};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::platform;
use super::queue::lock;

/// How often a visitor looks whether the owner is out before it sleeps in between.
const LOOKS: usize = 100;
const SLEEP: Duration = Duration::from_micros(50);

/// What the two share.
struct Room<T> {
    /// How often the owner went in or out: odd while it is in.
    turns: AtomicUsize,
    /// Whether a visitor is in, or waits to be.
    wanted: AtomicBool,
    /// One visitor at a time; the turns at the last visit.
    door: Mutex<usize>,
    /// Whether the visitor passes the owner's barrier for it.
    is_asymmetric: bool,
    content: UnsafeCell<T>,
}

// SAFETY: the content is reached by one thread at a time: through `Owned`, while `turns` is odd, or through `Visit`, which
// waits until it is even and keeps the owner out by `wanted`. Between the owner's store to `turns` and its load of `wanted`
// lies a barrier, as between the visitor's store to `wanted` and its load of `turns`: so one of the two sees the other's.
unsafe impl<T: Send> Sync for Room<T> {}

/// The side that goes in and out all the time, from one thread at a time.
pub(super) struct Owner<T> {
    room: Arc<Room<T>>,
    /// It can be given to another thread, but not be used by two.
    not_sync: PhantomData<Cell<()>>,
}

/// The side that looks in now and then, from any thread.
pub(super) struct Visitor<T>(Arc<Room<T>>);

/// A lock's two sides.
pub(super) fn biased<T>(content: T) -> (Owner<T>, Visitor<T>) {
    let room = Arc::new(Room {
        turns: AtomicUsize::new(0),
        wanted: AtomicBool::new(false),
        door: Mutex::new(0),
        is_asymmetric: platform::can_pass_barriers(),
        content: UnsafeCell::new(content),
    });
    let owner = Owner {
        room: Arc::clone(&room),
        not_sync: PhantomData,
    };
    (owner, Visitor(room))
}

impl<T> Owner<T> {
    /// Goes in; waits while a visitor is.
    ///
    /// # Panics
    /// Where it is in already.
    #[inline(always)]
    pub(super) fn lock(&self) -> Owned<'_, T> {
        let room = &*self.room;
        let turns = room.turns.load(Ordering::Relaxed);
        assert!(turns.is_multiple_of(2), "the owner is in already");
        room.turns.store(turns.wrapping_add(1), Ordering::Relaxed);
        if room.is_asymmetric {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
        if room.wanted.load(Ordering::Acquire) {
            room.let_in();
        }
        Owned { room }
    }
}

impl<T> Room<T> {
    /// The owner steps back until the visitor has left.
    #[cold]
    fn let_in(&self) {
        self.turn();
        let door = lock(&self.door);
        self.turn();
        drop(door);
    }

    /// The owner goes in or out.
    #[inline(always)]
    fn turn(&self) {
        let turns = self.turns.load(Ordering::Relaxed);
        self.turns.store(turns.wrapping_add(1), Ordering::Release);
    }

    fn await_owner(&self) -> usize {
        let mut looks = 0;
        loop {
            let turns = self.turns.load(Ordering::Acquire);
            if turns.is_multiple_of(2) {
                return turns;
            }
            looks += 1;
            if looks < LOOKS {
                hint::spin_loop();
            } else {
                thread::sleep(SLEEP);
            }
        }
    }
}

impl<T> Visitor<T> {
    /// Goes in; waits while the owner is. `None`: the owner was not in since the last visit.
    pub(super) fn visit(&self) -> Option<Visit<'_, T>> {
        let room = &*self.0;
        let mut door = lock(&room.door);
        if room.turns.load(Ordering::Acquire) == *door {
            return None;
        }
        room.wanted.store(true, Ordering::Relaxed);
        if room.is_asymmetric {
            platform::pass_barriers();
        } else {
            fence(Ordering::SeqCst);
        }
        *door = room.await_owner();
        Some(Visit { room, _door: door })
    }
}

/// The owner is in.
pub(super) struct Owned<'a, T> {
    room: &'a Room<T>,
}

impl<T> Drop for Owned<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.room.turn();
    }
}

impl<T> Deref for Owned<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the owner is in, and there is one `Owned` at a time.
        unsafe { &*self.room.content.get() }
    }
}

impl<T> DerefMut for Owned<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.room.content.get() }
    }
}

/// A visitor is in.
pub(super) struct Visit<'a, T> {
    room: &'a Room<T>,
    _door: MutexGuard<'a, usize>,
}

impl<T> Drop for Visit<'_, T> {
    fn drop(&mut self) {
        self.room.wanted.store(false, Ordering::Release);
    }
}

impl<T> Deref for Visit<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the visitor holds the door, the owner is out and comes in only after `wanted` was taken back.
        unsafe { &*self.room.content.get() }
    }
}

impl<T> DerefMut for Visit<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.room.content.get() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two numbers that are alike whenever nobody is in.
    type Twins = (u64, u64);

    fn without_asymmetry<T>(content: T) -> (Owner<T>, Visitor<T>) {
        let (mut owner, visitor) = biased(content);
        drop(visitor);
        Arc::get_mut(&mut owner.room).unwrap().is_asymmetric = false;
        let visitor = Visitor(Arc::clone(&owner.room));
        (owner, visitor)
    }

    /// Has the two come at about the same time, again and again.
    fn contend(owner: &Owner<Twins>, visitor: &Visitor<Twins>) {
        const ROUNDS: usize = 100_000;
        const FAR: usize = 16 << 20;
        let round = AtomicUsize::new(0);
        let mut far = vec![1_u8; FAR];
        thread::scope(|scope| {
            let visiting = scope.spawn(|| {
                let (mut met, mut taken) = (0, 0);
                while met < ROUNDS {
                    while round.load(Ordering::Acquire) <= met {
                        hint::spin_loop();
                    }
                    met = round.load(Ordering::Acquire);
                    if let Some(mut twins) = visitor.visit() {
                        assert_eq!(twins.0, twins.1);
                        taken += twins.0;
                        *twins = (0, 0);
                    }
                }
                taken
            });
            for number in 1..=ROUNDS {
                let mut twins = owner.lock();
                *twins = (twins.0 + 1, twins.1 + 1);
                drop(twins);
                round.store(number, Ordering::Release);
                (0..number % 64).for_each(|_| hint::spin_loop());
                // What is written so far away keeps the stores after it from being seen at once.
                far[number.wrapping_mul(64 * 4099) % FAR] = 2;
                let mut twins = owner.lock();
                twins.0 += 1;
                hint::black_box(&mut *twins);
                twins.1 += 1;
            }
            let left = visiting.join().unwrap() + owner.lock().0;
            assert_eq!(left, 2 * ROUNDS as u64);
        });
    }

    #[test]
    fn one_is_in_at_a_time_and_nothing_is_lost() {
        let (owner, visitor) = biased((0, 0));
        contend(&owner, &visitor);
        let (owner, visitor) = without_asymmetry((0, 0));
        contend(&owner, &visitor);
    }

    #[test]
    fn a_visit_without_news_is_none() {
        let (owner, visitor) = biased(1);
        assert!(visitor.visit().is_none());
        *owner.lock() += 1;
        assert_eq!(visitor.visit().map(|visit| *visit), Some(2));
        assert!(visitor.visit().is_none());
    }

    #[test]
    fn a_visitor_waits_for_the_owner() {
        let (owner, visitor) = biased(1);
        let mut owned = owner.lock();
        thread::scope(|scope| {
            let visiting = scope.spawn(|| visitor.visit().map(|visit| *visit));
            thread::sleep(Duration::from_millis(20));
            *owned = 3;
            drop(owned);
            assert_eq!(visiting.join().unwrap(), Some(3));
        });
    }

    #[test]
    #[should_panic(expected = "in already")]
    fn an_owner_is_in_once() {
        let (owner, _visitor) = biased(1);
        let _first = owner.lock();
        let _second = owner.lock();
    }
}
