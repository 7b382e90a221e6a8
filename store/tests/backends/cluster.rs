//! What is done to etcds: three that are one cluster, pauses, new starts.

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Settings, Starting, TestEtcd};

impl TestEtcd {
    /// Starts three that are one cluster, and waits until it serves.
    pub(crate) fn start_three() -> [Self; 3] {
        for _ in 0..5 {
            let mut settings = ["a", "b", "c"].map(|name| Settings::new(name, "http", vec![]));
            let cluster = settings.each_ref().map(Settings::member).join(",");
            settings.iter_mut().for_each(|settings| settings.cluster.clone_from(&cluster));
            // None of them serves before most of them are there.
            let starting =
                settings.map(|settings| Starting::launch(tempfile::tempdir().expect("a temporary folder"), settings));
            let started: Vec<_> = starting.into_iter().map_while(|starting| starting.wait().ok()).collect();
            if let Ok(started) = started.try_into() {
                return started;
            }
        }
        panic!("a cluster of three etcds does not start");
    }

    /// Starts it again, on the same ports and data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let folder = self.folder.take().expect("it has a folder");
        let again = Self::spawn(folder, self.settings.clone());
        *self = again.unwrap_or_else(|_| panic!("etcd does not start again"));
    }

    /// Stops it in the middle of whatever it does, as a machine without memory or a debugger would.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our own process");
    }
}
