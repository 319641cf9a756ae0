//! Where proofs of passwords are checked: on threads of their own, so that whoever sends wrong ones by the thousand
//! takes no time from sessions that are open. Who comes from where somebody has come in before is served first.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

/// Proofs that wait in one line; who comes when it is full is told to try again.
const LONGEST_LINE: usize = 1024;

type Work = Box<dyn FnOnce() + Send>;

pub(crate) struct Provers {
    lines: Arc<Lines>,
    threads: usize,
}

#[derive(Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    known: VecDeque<Work>,
    strangers: VecDeque<Work>,
    is_over: bool,
}

impl Provers {
    /// Starts them. Where the system gives no thread, proofs are checked by whoever asks.
    pub(crate) fn start(threads: usize) -> Self {
        let lines = Arc::<Lines>::default();
        let start = |number: &usize| {
            let lines = Arc::clone(&lines);
            let thread = thread::Builder::new().name(format!("scram-{number}"));
            thread.spawn(move || lines.serve()).is_ok()
        };
        let threads = (0..threads).filter(start).count();
        Self { lines, threads }
    }

    /// Does `work` when its turn comes. `None` when too many wait, or when it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        is_known: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.threads == 0 {
            return Some(work());
        }
        let (answer, answered) = oneshot::channel();
        let work = move || {
            // Who has left in the meantime costs nothing more.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        };
        if !self.lines.join(is_known, Box::new(work)) {
            return None;
        }
        answered.await.ok()
    }
}

impl Lines {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, is_known: bool, work: Work) -> bool {
        let mut waiting = self.waiting();
        let line = match is_known {
            true => &mut waiting.known,
            false => &mut waiting.strangers,
        };
        if line.len() >= LONGEST_LINE {
            return false;
        }
        line.push_back(work);
        self.more.notify_one();
        true
    }

    fn serve(&self) {
        while let Some(work) = self.next() {
            // A proof that makes us panic is a defect of ours; it must not take the thread with it.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    fn next(&self) -> Option<Work> {
        let mut waiting = self.waiting();
        loop {
            let next = waiting.known.pop_front();
            if let Some(work) = next.or_else(|| waiting.strangers.pop_front()) {
                return Some(work);
            }
            if waiting.is_over {
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Provers {
    fn drop(&mut self) {
        self.lines.waiting().is_over = true;
        self.lines.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_is_known_is_served_first_and_lines_have_an_end() {
        let provers = Provers::start(1);
        let (go, wait) = mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let block = provers.run(false, move || {
            let _ = begun.send(());
            let _ = wait.recv();
        });
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(what)
        };
        let others = async {
            has_begun.await.unwrap();
            let stranger = provers.run(false, note("stranger"));
            let known = provers.run(true, note("known"));
            let go = async { go.send(()).unwrap() };
            tokio::join!(biased; stranger, known, go)
        };
        tokio::join!(biased; block, others);
        assert_eq!(*order.lock().unwrap(), ["known", "stranger"]);
    }

    #[tokio::test]
    async fn a_panic_and_a_full_line_are_no_answer() {
        let provers = Provers::start(1);
        let none: Option<()> = provers.run(true, || panic!("on purpose")).await;
        assert_eq!(none, None);
        assert_eq!(provers.run(true, || 7).await, Some(7));
        let lines = Lines::default();
        let joined = (0..LONGEST_LINE + 5)
            .filter(|_| lines.join(false, Box::new(|| {})))
            .count();
        assert_eq!(joined, LONGEST_LINE);
        assert!(lines.join(true, Box::new(|| {})));
    }
}
