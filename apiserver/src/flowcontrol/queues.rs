//! Fair queues of one priority level: who may run now, who waits, who is turned away.
//!
//! In: arrivals, ends and departures, with the time they took. Out: verdicts and the tickets that may run now. A state
//! machine without I/O: it is told everything, and asks nobody. Invariant: the queue that has had the least service goes
//! first, so a greedy flow that fills its queues delays only itself; seats in use never exceed the limit, except by one
//! request that is wider than all of it.
//!
//! Source: KEP-1040, "Priority and Fairness for API Server Requests"; start-time fair queueing.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How long a request is thought to take until it is known.
const GUESS: Duration = Duration::from_millis(5);

/// Names a request within its level.
pub(super) type Ticket = u64;

/// The limits of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Seats that may be taken at a time.
    pub(super) seats: u32,
    /// Queues; 0 if nobody may wait.
    pub(super) queues: usize,
    /// Queues that a flow may use.
    pub(super) hand: usize,
    /// Most requests of a queue.
    pub(super) queue_length: usize,
}

/// What becomes of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Runs(Ticket),
    Waits(Ticket),
    /// All its queues are full.
    QueueFull,
    /// Nobody may wait here.
    ConcurrencyLimit,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    seats: u32,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Virtual time at which its next request may start: grows with the service that the queue has had.
    next_start: f64,
}

#[derive(Debug)]
struct Running {
    queue: Option<usize>,
    seats: u32,
}

/// The state of one level.
#[derive(Debug)]
pub(super) struct Level {
    limits: Limits,
    queues: Vec<Queue>,
    running: BTreeMap<Ticket, Running>,
    seats_taken: u32,
    waiting: usize,
    /// The virtual start of what was started last.
    virtual_now: f64,
    next_ticket: Ticket,
}

fn service(seats: u32, time: Duration) -> f64 {
    f64::from(seats) * time.as_secs_f64()
}

impl Level {
    pub(super) fn new(limits: Limits) -> Self {
        let queues = (0..limits.queues).map(|_| Queue::default()).collect();
        Self { limits, queues, running: BTreeMap::new(), seats_taken: 0, waiting: 0, virtual_now: 0.0, next_ticket: 0 }
    }

    /// Takes on other limits. Queues that are too many stay until they are empty.
    pub(super) fn configure(&mut self, limits: Limits) {
        self.limits = limits;
        if self.queues.len() < limits.queues {
            self.queues.resize_with(limits.queues, Queue::default);
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.queues.len() > self.limits.queues && self.queues.last().is_some_and(|last| last.waiting.is_empty()) {
            self.queues.pop();
        }
    }

    /// Nobody runs and nobody waits.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting == 0
    }

    /// A request of the flow with this hash arrives and wants this many seats.
    pub(super) fn arrive(&mut self, flow: u64, seats: u32) -> Verdict {
        let seats = seats.clamp(1, self.limits.seats.max(1));
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        if self.limits.queues == 0 {
            if !self.fits(seats) {
                return Verdict::ConcurrencyLimit;
            }
            self.start(ticket, None, seats);
            return Verdict::Runs(ticket);
        }
        let hand = super::shuffle::deal(flow, self.limits.queues, self.limits.hand);
        // Of its hand, a flow takes the queue in which fewest wait, and of those the one that has had the least service:
        // it is least likely to be that of a greedy neighbour.
        let burden = |queue: &usize| (self.queues[*queue].waiting.len(), self.queues[*queue].next_start);
        let lighter = |a: &usize, b: &usize| {
            let ((waiting_a, start_a), (waiting_b, start_b)) = (burden(a), burden(b));
            waiting_a.cmp(&waiting_b).then(start_a.total_cmp(&start_b))
        };
        let Some(queue) = hand.into_iter().min_by(lighter) else {
            return Verdict::ConcurrencyLimit;
        };
        if self.queues[queue].waiting.len() >= self.limits.queue_length && !(self.waiting == 0 && self.fits(seats)) {
            return Verdict::QueueFull;
        }
        if self.queues[queue].waiting.is_empty() {
            // A queue that was empty has no claim on the past.
            self.queues[queue].next_start = self.queues[queue].next_start.max(self.virtual_now);
        }
        if self.waiting == 0 && self.fits(seats) {
            self.start(ticket, Some(queue), seats);
            return Verdict::Runs(ticket);
        }
        self.queues[queue].waiting.push_back(Waiting { ticket, seats });
        self.waiting += 1;
        Verdict::Waits(ticket)
    }

    fn fits(&self, seats: u32) -> bool {
        self.seats_taken == 0 || self.seats_taken + seats <= self.limits.seats
    }

    fn start(&mut self, ticket: Ticket, queue: Option<usize>, seats: u32) {
        if let Some(index) = queue {
            let queue = &mut self.queues[index];
            self.virtual_now = self.virtual_now.max(queue.next_start);
            queue.next_start += service(seats, GUESS);
        }
        self.seats_taken += seats;
        self.running.insert(ticket, Running { queue, seats });
    }

    /// A request that ran has ended after `took`. Adds those who may run now.
    pub(super) fn end(&mut self, ticket: Ticket, took: Duration, started: &mut Vec<Ticket>) {
        let Some(ended) = self.running.remove(&ticket) else { return };
        self.seats_taken -= ended.seats;
        if let Some(queue) = ended.queue.and_then(|index| self.queues.get_mut(index)) {
            queue.next_start += service(ended.seats, took) - service(ended.seats, GUESS);
        }
        self.dispatch(started);
    }

    /// A request that waited goes away. Adds those who may run now: the first in line may have been too wide.
    pub(super) fn leave(&mut self, ticket: Ticket, started: &mut Vec<Ticket>) {
        for queue in &mut self.queues {
            if let Some(at) = queue.waiting.iter().position(|waiting| waiting.ticket == ticket) {
                queue.waiting.remove(at);
                self.waiting -= 1;
                break;
            }
        }
        self.dispatch(started);
    }

    /// Starts whoever may run now, the least served queue first.
    pub(super) fn dispatch(&mut self, started: &mut Vec<Ticket>) {
        while self.waiting > 0 {
            let next = self
                .queues
                .iter()
                .enumerate()
                .filter_map(|(index, queue)| Some((index, queue.next_start, queue.waiting.front()?.ticket)))
                // Among equals, who came first.
                .min_by(|(_, a, first_a), (_, b, first_b)| a.total_cmp(b).then(first_a.cmp(first_b)))
                .map(|(index, ..)| index);
            let Some(index) = next else { return };
            let Some(first) = self.queues[index].waiting.front() else { return };
            if !self.fits(first.seats) {
                // Whoever is next waits for enough seats; letting others pass would starve the wide ones.
                return;
            }
            let Some(first) = self.queues[index].waiting.pop_front() else { return };
            self.waiting -= 1;
            self.start(first.ticket, Some(index), first.seats);
            started.push(first.ticket);
        }
        self.trim();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { seats: 2, queues: 16, hand: 4, queue_length: 10 };
    const SECOND: Duration = Duration::from_secs(1);

    /// Flows whose hands differ, as those of hashed names do.
    fn flow(number: u64) -> u64 {
        (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    fn waits(verdict: Verdict) -> Ticket {
        match verdict {
            Verdict::Waits(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_greedy_flow_does_not_starve_a_fair_one() {
        let mut level = Level::new(LIMITS);
        let (greedy, fair) = (flow(1), flow(2));
        let mut running: Vec<Ticket> = vec![];
        for _ in 0..30 {
            if let Verdict::Runs(ticket) = level.arrive(greedy, 1) {
                running.push(ticket);
            }
        }
        assert_eq!(running.len(), 2);
        let wanted = waits(level.arrive(fair, 1));
        let mut ended = 0;
        while !running.contains(&wanted) {
            let first = running.remove(0);
            level.end(first, SECOND, &mut running);
            ended += 1;
            assert!(ended < 8, "the fair flow waits behind {ended} of the greedy one");
        }
        // Two were running when it came; it is served before the greedy flow's long tail.
        assert!(ended <= 5, "{ended}");
    }

    #[test]
    fn service_is_shared_evenly_over_time() {
        let mut level = Level::new(LIMITS);
        let mut flow_of: BTreeMap<Ticket, u64> = BTreeMap::new();
        let mut running = vec![];
        let mut served: BTreeMap<u64, u32> = BTreeMap::new();
        let refill = |level: &mut Level, flow_of: &mut BTreeMap<Ticket, u64>, running: &mut Vec<Ticket>| {
            // One flow offers eight times as much as the other.
            for number in [7, 7, 7, 7, 7, 7, 7, 7, 9] {
                match level.arrive(flow(number), 1) {
                    Verdict::Runs(ticket) => {
                        flow_of.insert(ticket, number);
                        running.push(ticket);
                    }
                    Verdict::Waits(ticket) => {
                        flow_of.insert(ticket, number);
                    }
                    Verdict::QueueFull | Verdict::ConcurrencyLimit => {}
                }
            }
        };
        for _ in 0..400 {
            refill(&mut level, &mut flow_of, &mut running);
            let ticket = running.remove(0);
            *served.entry(flow_of[&ticket]).or_default() += 1;
            level.end(ticket, SECOND, &mut running);
        }
        // The greedy flow spreads over its hand of queues, so the other gets at least its share of one queue in five.
        assert!(served[&9] >= 400 / 6, "{served:?}");
    }

    #[test]
    fn full_queues_turn_away_and_levels_without_queues_refuse_at_once() {
        let mut level = Level::new(Limits { queues: 1, hand: 1, queue_length: 2, ..LIMITS });
        let verdicts: Vec<Verdict> = (0..5).map(|_| level.arrive(1, 1)).collect();
        assert_eq!(
            verdicts,
            [Verdict::Runs(0), Verdict::Runs(1), Verdict::Waits(2), Verdict::Waits(3), Verdict::QueueFull]
        );
        let mut none = Level::new(Limits { queues: 0, ..LIMITS });
        let verdicts: Vec<Verdict> = (0..3).map(|_| none.arrive(1, 1)).collect();
        assert_eq!(verdicts, [Verdict::Runs(0), Verdict::Runs(1), Verdict::ConcurrencyLimit]);
    }

    #[test]
    fn a_wide_request_waits_for_its_seats_and_then_runs() {
        let mut level = Level::new(LIMITS);
        assert_eq!(level.arrive(flow(1), 1), Verdict::Runs(0));
        let wide = waits(level.arrive(flow(2), 9));
        let narrow = waits(level.arrive(flow(3), 1));
        let mut started = vec![];
        level.end(0, SECOND, &mut started);
        assert_eq!(started, [wide]);
        level.end(wide, SECOND, &mut started);
        assert_eq!(started, [wide, narrow]);
        level.end(narrow, SECOND, &mut started);
        assert!(level.is_idle());
    }

    #[test]
    fn who_goes_away_frees_the_place() {
        let mut level = Level::new(Limits { seats: 1, ..LIMITS });
        assert_eq!(level.arrive(1, 1), Verdict::Runs(0));
        let gone = waits(level.arrive(1, 1));
        let stays = waits(level.arrive(2, 1));
        let mut started = vec![];
        level.leave(gone, &mut started);
        assert!(started.is_empty());
        level.end(0, SECOND, &mut started);
        assert_eq!(started, [stays]);
    }
}
