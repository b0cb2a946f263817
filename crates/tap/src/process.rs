//! What the system knows about this process and its parent.

use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::credentials::redact_arguments;

/// Programs that run a package or a script, whose own name says nothing about the server.
const LAUNCHERS: &[&str] = &[
    "npx", "uvx", "uv", "node", "bun", "bunx", "deno", "python", "python3", "pipx", "docker", "podman", "sh",
    "bash", "env",
];

/// Words of launchers that stand before what they run.
const LAUNCHER_WORDS: &[&str] = &["run", "exec", "tool", "start"];

/// The host's name.
pub(crate) fn host() -> Option<String> {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let mut names =
        files.iter().filter_map(|file| Some(std::fs::read_to_string(file).ok()?.trim().to_owned()));
    names.find(|name| !name.is_empty()).or_else(|| std::env::var("HOSTNAME").ok())
}

/// The user's id; none where there is no `/proc`.
pub(crate) fn user() -> Option<String> {
    Some(std::fs::metadata("/proc/self").ok()?.uid().to_string())
}

/// The user's name as the environment has it.
pub(crate) fn user_name() -> Option<String> {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok().filter(|name| !name.is_empty())
}

/// Command line of a process without credentials; none where there is no `/proc`.
pub(crate) fn command_line(pid: u32) -> Value {
    let Ok(bytes) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return Value::Null };
    let words = bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    if words.last().is_some_and(String::is_empty) {
        words.pop();
    }
    redact_arguments(&words).into()
}

/// A name for a server made from its command: the package or script if a launcher runs it, else the program.
pub(crate) fn label(command: &[String]) -> String {
    let base = |word: &str| {
        let word = word.trim_end_matches('/');
        // `@scope/package@1.2.3` is a package, anything else with a slash a path.
        let name = word.rsplit('/').next().unwrap_or(word);
        name.split_once('@').map_or(name, |(name, _)| if name.is_empty() { word } else { name }).to_owned()
    };
    let Some((program, arguments)) = command.split_first() else { return String::new() };
    let program = base(program);
    if !LAUNCHERS.contains(&program.as_str()) {
        return program;
    }
    let mut words = arguments.iter().filter(|word| !word.starts_with('-') && !word.contains('='));
    let named = words.find(|word| !LAUNCHER_WORDS.contains(&word.as_str()));
    named.map_or(program, |word| base(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_names_what_a_launcher_runs() {
        for (command, expected) in [
            ("/opt/bin/mcp-server-filesystem /srv", "mcp-server-filesystem"),
            ("npx -y @modelcontextprotocol/server-everything@2026.8.31 stdio", "server-everything"),
            ("uvx mcp-server-git@1.0 --repository /r", "mcp-server-git"),
            ("python3 -u /srv/tools/weather.py", "weather.py"),
            ("docker run -i image", "image"),
            ("node", "node"),
        ] {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(label(&words), expected);
        }
    }
}
