//! Asking again, in one place for all providers.

use std::future::Future;
use std::time::Duration;

use oh_chat::{Completion, CompletionFailure};

use crate::client::{CompletionContext, LlmNotice};
use crate::config::LlmConfig;

/// A provider may ask for a longer wait than the settings name, up to this.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(120);
/// Waits are longer or shorter by up to this share, so that clients do not come back together.
const JITTER: f64 = 0.2;

/// How often and after which waits a request is made again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    attempts: u32,
    multiplier: f64,
    min_wait: Duration,
    max_wait: Duration,
}

/// Makes a request, and again as long as that may help; each attempt knows how the one before
/// it failed.
pub(crate) async fn retry<A>(
    schedule: &Schedule,
    context: &CompletionContext,
    make: impl Fn(Option<&CompletionFailure>) -> A,
) -> Result<Completion, CompletionFailure>
where
    A: Future<Output = Result<Completion, CompletionFailure>>,
{
    let attempts = schedule.attempts;
    let mut attempt = 1;
    let mut previous = None;
    loop {
        let result = make(previous.as_ref()).await;
        let Err(failure) = result else { return result };
        if !failure.is_retryable() || attempt >= attempts {
            return Err(failure);
        }
        let wait = schedule.wait(attempt, failure.retry_after(), random_jitter());
        tracing::debug!(attempt, attempts, ?wait, %failure, "the model is asked again");
        context.notify(LlmNotice::Restart);
        let is_rate_limited = matches!(failure, CompletionFailure::RateLimited { .. });
        context.notify(LlmNotice::Retry { attempt, attempts, wait, is_rate_limited });
        tokio::time::sleep(wait).await;
        attempt += 1;
        previous = Some(failure);
    }
}

impl Schedule {
    pub(crate) fn of(config: &LlmConfig) -> Self {
        Self {
            attempts: config.attempts.max(1),
            multiplier: config.retry_multiplier,
            min_wait: config.retry_min_wait,
            max_wait: config.retry_max_wait,
        }
    }

    /// Returns the wait after an attempt, counted from 1; `jitter` is from -1 to 1.
    fn wait(&self, attempt: u32, asked: Option<Duration>, jitter: f64) -> Duration {
        if let Some(asked) = asked {
            return asked.min(self.max_wait.max(LONGEST_ASKED_WAIT));
        }
        let doublings = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.multiplier * 2f64.powi(doublings);
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(self.max_wait);
        let wait = wait.max(self.min_wait).min(self.max_wait);
        wait.mul_f64(JITTER.mul_add(jitter, 1.0))
    }
}

fn random_jitter() -> f64 {
    getrandom::u32().map_or(0.0, |number| f64::from(number) / f64::from(u32::MAX) * 2.0 - 1.0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn waits_double_between_their_bounds() {
        let schedule = Schedule::of(&LlmConfig::default());
        let check = |attempt, asked, jitter, expected| {
            assert_eq!(schedule.wait(attempt, asked, jitter), expected, "{attempt} {jitter}");
        };
        check(1, None, 0.0, seconds(8));
        check(2, None, 0.0, seconds(16));
        check(3, None, 0.0, seconds(32));
        check(4, None, 0.0, seconds(64));
        check(5, None, 0.0, seconds(64));
        check(5000, None, 0.0, seconds(64));
        check(1, None, -1.0, Duration::from_millis(6400));
        check(4, None, 1.0, Duration::from_millis(76_800));
        check(1, Some(seconds(3)), 1.0, seconds(3));
        check(1, Some(seconds(100)), 0.0, seconds(100));
        check(1, Some(seconds(9999)), 0.0, seconds(120));

        let odd = |multiplier, min, max| Schedule {
            attempts: 2,
            multiplier,
            min_wait: seconds(min),
            max_wait: seconds(max),
        };
        assert_eq!(odd(0.0, 2, 5).wait(1, None, 0.0), seconds(2));
        assert_eq!(odd(-3.0, 2, 5).wait(1, None, 0.0), seconds(5));
        assert_eq!(odd(f64::NAN, 2, 5).wait(1, None, 0.0), seconds(5));
        assert_eq!(odd(1.0, 9, 5).wait(1, None, 0.0), seconds(5));
        assert_eq!(odd(1.0, 1, 300).wait(1, Some(seconds(500)), 0.0), seconds(300));
    }

    /// Fails until the attempt that is to succeed.
    struct Failing {
        asked: AtomicU32,
        success_at: u32,
        failure: CompletionFailure,
    }

    impl Failing {
        async fn complete(
            &self,
            context: CompletionContext,
        ) -> Result<Completion, CompletionFailure> {
            let make = |previous: Option<&CompletionFailure>| {
                let attempt = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
                assert_eq!(previous, (attempt > 1).then_some(&self.failure));
                let is_success = attempt >= self.success_at;
                let result = if is_success { Ok(completion()) } else { Err(self.failure.clone()) };
                std::future::ready(result)
            };
            retry(&Schedule::of(&LlmConfig::default()), &context, make).await
        }
    }

    fn completion() -> Completion {
        Completion {
            response_id: "id".to_owned(),
            created: 0,
            model: "failing".to_owned(),
            text: "hello".to_owned(),
            tool_calls: Vec::new(),
            reasoning: None,
            finish_reason: "stop".to_owned(),
            usage: oh_chat::Usage::default(),
            cost: None,
        }
    }

    fn server() -> CompletionFailure {
        CompletionFailure::Server { message: "oops".to_owned() }
    }

    fn failing(success_at: u32, failure: CompletionFailure) -> Failing {
        Failing { asked: AtomicU32::new(0), success_at, failure }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_request_is_made_again_after_a_wait() {
        let client = failing(3, server());
        let (sender, mut notices) = mpsc::channel(10);
        let context = CompletionContext { notices: Some(sender) };
        let start = Instant::now();
        let result = client.complete(context).await;
        assert_eq!(result, Ok(completion()));
        let mut waited = Duration::ZERO;
        for expected in 1..=2 {
            assert_eq!(notices.recv().await, Some(LlmNotice::Restart));
            let Some(LlmNotice::Retry { attempt, attempts, wait, .. }) = notices.recv().await
            else {
                panic!("no notice of a retry");
            };
            assert_eq!((attempt, attempts), (expected, 5));
            waited += wait;
        }
        assert!(start.elapsed() >= waited && start.elapsed() < waited + seconds(1));
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_come_to_an_end() {
        let client = failing(100, server());
        let start = Instant::now();
        let result = client.complete(CompletionContext::default());
        assert_eq!(result.await, Err(server()));
        assert_eq!(client.asked.load(Ordering::Relaxed), 5);
        assert!((seconds(95)..seconds(145)).contains(&start.elapsed()), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_succeed_is_not_tried_again() {
        let failure = CompletionFailure::Authentication { message: "no".to_owned() };
        let client = failing(100, failure.clone());
        let result = client.complete(CompletionContext::default());
        assert_eq!(result.await, Err(failure));
        assert_eq!(client.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_a_provider_asks_for_is_kept() {
        let failure = CompletionFailure::RateLimited {
            retry_after: Some(seconds(21)),
            message: "slow down".to_owned(),
        };
        let client = failing(2, failure);
        let start = Instant::now();
        let result = client.complete(CompletionContext::default());
        assert_eq!(result.await, Ok(completion()));
        assert!((seconds(21)..seconds(22)).contains(&start.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_request_is_not_made_again() {
        let client = failing(100, server());
        let request = client.complete(CompletionContext::default());
        assert!(tokio::time::timeout(seconds(5), request).await.is_err());
        tokio::time::sleep(seconds(500)).await;
        assert_eq!(client.asked.load(Ordering::Relaxed), 1);
    }
}
