//! Work that can wait steps back behind what somebody waits for.

/// Niceness of such threads: they get a tenth of a core that is busy otherwise, and all of one that is not.
const NICE: i32 = 10;

/// Lets other threads of the process go before the calling one. An acknowledgement waits for decoding and the log;
/// moving rows to tables and looking for attacks take as much time, and on a busy core would double the wait.
pub fn step_back() {
    // On Linux the number 0 of setpriority(2) is the calling thread; elsewhere it may be the process, which must not slow down.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a thread in the background keeps its priority");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn one_thread_steps_back_alone() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        std::thread::spawn(move || {
            step_back();
            assert_eq!(own(), NICE.max(before));
        })
        .join()
        .unwrap();
        assert_eq!(own(), before);
    }
}
