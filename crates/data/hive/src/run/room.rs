//! A stack with room: who plans calls itself for each level of a statement, and a stack that ends takes the whole
//! process with it. The threads that serve connections have small ones.

use doorstep_lake::LakeError;
use tokio::{runtime::Handle, sync::oneshot};

use crate::HiveError;

/// As much as the lake gives its own planning; only what is used is there.
const STACK: usize = 64 << 20;

/// Runs `work` on a thread of its own. It is called off when nobody waits for it any more.
///
/// # Errors
/// What the work says, or that there is no thread to be had.
pub(super) async fn on_a_large_stack<T: Send + 'static>(
    work: impl Future<Output = Result<T, HiveError>> + Send + 'static,
) -> Result<T, HiveError> {
    let (mut done, told) = oneshot::channel();
    let runtime = Handle::current();
    let run = move || {
        runtime.block_on(async move {
            let out = tokio::select! {
                out = work => out,
                () = done.closed() => return,
            };
            // Who waited may have gone in this moment.
            let _ = done.send(out);
        });
    };
    std::thread::Builder::new()
        .name("hive-statement".to_owned())
        .stack_size(STACK)
        .spawn(run)
        .map_err(|e| HiveError::Lake(LakeError::Execution(format!("no thread for the statement: {e}"))))?;
    told.await.unwrap_or_else(|_| Err(LakeError::Execution("the engine failed at this statement".to_owned()).into()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn work_ends_with_who_waits() {
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        let work = async move {
            let _inside = inside;
            std::future::pending::<()>().await;
            Ok(())
        };
        let waiting = tokio::spawn(on_a_large_stack(work));
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        while Arc::strong_count(&held) > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let told = on_a_large_stack::<()>(async { panic!("on purpose") }).await;
        assert!(told.unwrap_err().to_string().contains("failed"));
    }
}
