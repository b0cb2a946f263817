//! A Postgres server for tests, in a folder and on a port of its own. It ends with the test, however that ends.
//!
//! The programs are those in PATH or of Debian's package; where there are none the test ends at once and says so.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The user that owns the server where the test runs as root, which Postgres refuses: nobody.
const NOBODY: u32 = 65_534;

/// The password of the user `keeper`; everybody else needs none.
pub const PASSWORD: &str = "a-password-that-no-message-shows";

/// Ends the server when its standard input ends.
const GUARD: &str = r#""$0" "$@" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server"#;

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    as_nobody: bool,
    /// Where it listens, beside the socket in its folder.
    pub tcp: SocketAddr,
    guard: Mutex<Option<Child>>,
}

impl Cluster {
    /// Makes and starts one; none where there is no Postgres.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let _ = writeln!(std::io::stderr(), "not tested: there is no Postgres (Debian: postgresql)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let as_nobody = std::fs::metadata(folder.path()).unwrap().uid() == 0;
        if as_nobody {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let cluster = Self { folder, programs, as_nobody, tcp, guard: Mutex::default() };
        let made = cluster
            .program("initdb")
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "-A", "trust", "-U", "atalanta", "-D"])
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let who = "local all all trust\nhost all keeper 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        std::fs::write(cluster.data().join("pg_hba.conf"), who).unwrap();
        cluster.run();
        cluster.sql("postgres", &format!("CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'"));
        Some(cluster)
    }

    /// The folder of its configuration and data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        self.command(&self.programs.join(name))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_remove("LC_ALL");
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Starts the server, also one that was stopped.
    pub fn run(&self) {
        let mut guard = self.command(Path::new("/bin/sh"));
        guard.args(["-c", GUARD]).arg(self.programs.join("postgres")).arg("-D").arg(self.data()).arg("-k");
        guard.arg(self.folder.path()).args(["-h", "127.0.0.1", "-p", &self.tcp.port().to_string()]);
        guard.args(["-c", "shared_buffers=16MB", "-c", "max_connections=20"]);
        let log = std::fs::File::create(self.folder.path().join("server.log")).unwrap();
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        *self.guard.lock().unwrap() = Some(guard.spawn().unwrap());
        let begun = Instant::now();
        while !self.psql("postgres", "SELECT 1").output().unwrap().status.success() {
            let log = || std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_mins(1), "Postgres does not start:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the server at once; what it has confirmed is there when it runs again.
    pub fn stop(&self) {
        let Some(mut guard) = self.guard.lock().unwrap().take() else { return };
        drop(guard.stdin.take());
        let _ = guard.wait();
    }

    /// The address of a new database.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.sql("postgres", &format!("GRANT ALL ON DATABASE {name} TO keeper"));
        self.sql(name, "GRANT ALL ON SCHEMA public TO keeper");
        self.address(name)
    }

    /// The address of a database by way of the socket.
    pub fn address(&self, name: &str) -> String {
        let (folder, port) = (self.folder.path().display(), self.tcp.port());
        format!("postgres://atalanta@:{port}/{name}?host={folder}&timeout=10")
    }

    fn psql(&self, database: &str, text: &str) -> Command {
        let mut psql = self.program("psql");
        psql.arg("-h").arg(self.folder.path()).args(["-p", &self.tcp.port().to_string(), "-U", "atalanta"]);
        psql.args(["-d", database, "-XAtqc", text]);
        psql
    }

    /// What psql prints, a line for each row.
    pub fn sql(&self, database: &str, text: &str) -> String {
        let done = self.psql(database, text).output().unwrap();
        assert!(done.status.success(), "{text}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder of `initdb`, `postgres` and `psql`.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packages = versions.map(|version| version.path().join("bin"));
    std::env::split_paths(&path).chain(packages).find(all)
}
