//! A bounded queue between async callers and store threads.
//!
//! Callers never block on it: a full queue is an answer (`Overloaded`). Threads block on it.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    limit: usize,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Queue { state: Mutex::new(State { items: VecDeque::new(), closed: false }), filled: Condvar::new(), limit }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Adds an item and returns the depth after it, or hands the item back.
    pub(crate) fn push(&self, item: T) -> Result<usize, (Refused, T)> {
        let mut state = self.state.lock();
        if state.closed {
            return Err((Refused::Closed, item));
        }
        if state.items.len() >= self.limit {
            return Err((Refused::Full, item));
        }
        state.items.push_back(item);
        let depth = state.items.len();
        drop(state);
        self.filled.notify_one();
        Ok(depth)
    }

    /// Waits for an item; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            self.filled.wait(&mut state);
        }
    }

    /// Takes an item if one is there.
    pub(crate) fn try_pop(&self) -> Option<T> {
        self.state.lock().items.pop_front()
    }

    pub(crate) fn depth(&self) -> usize {
        self.state.lock().items.len()
    }

    /// Refuses new items; what is queued is still handed out.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_beyond_its_limit_and_after_close() {
        let queue = Queue::new(2);
        assert_eq!(queue.push(1), Ok(1));
        assert_eq!(queue.push(2), Ok(2));
        assert_eq!(queue.push(3), Err((Refused::Full, 3)));
        queue.close();
        assert_eq!(queue.push(4), Err((Refused::Closed, 4)));
        assert_eq!((queue.pop(), queue.try_pop(), queue.pop()), (Some(1), Some(2), None));
    }
}
