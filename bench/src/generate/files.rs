//! File events: which paths are touched, how, by which program.

use super::template::Line;
use super::world::{Os, Role};

/// A kind of file access.
#[derive(Debug)]
pub struct Access {
    /// Share of all file events.
    pub weight: f64,
    /// System of the path.
    pub os: Os,
    /// Role of the user.
    pub role: Role,
    /// The program that touches the file.
    pub actor: &'static str,
    /// Operations, the likeliest more than once: r, w, c(reate), m(ove), d(elete).
    pub operations: &'static str,
    /// Distinct paths for each user; 0 means a new path every time.
    pub paths: u64,
    /// Share of events whose file is hashed by the sensor.
    pub hashed: f64,
    /// Median size in bytes.
    pub size: f64,
    /// Paths.
    pub lines: &'static [Line],
}

use Os::{Linux, Windows};
use Role::{Developer, Office, Scientist, Service};

/// All kinds of access.
pub const ACCESSES: &[Access] = &[
    Access {
        weight: 14.0,
        os: Windows,
        role: Office,
        actor: "chrome.exe",
        operations: "wwrcd",
        paths: 400,
        hashed: 0.0,
        size: 2e4,
        lines: &[
            Line(
                3.0,
                r"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\Cache\Cache_Data\f_{hex8}",
            ),
            Line(1.0, r"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\{word}-journal"),
        ],
    },
    Access {
        weight: 8.0,
        os: Windows,
        role: Office,
        actor: "OUTLOOK.EXE",
        operations: "wrcr",
        paths: 200,
        hashed: 0.1,
        size: 8e4,
        lines: &[
            Line(2.0, r"C:\Users\{user}\AppData\Local\Microsoft\Outlook\{hex8}.ost"),
            Line(2.0, r"C:\Users\{user}\Documents\{word} {word} {n}.docx"),
            Line(1.0, r"C:\Users\{user}\Downloads\{word}_{word}.xlsx"),
        ],
    },
    Access {
        weight: 8.0,
        os: Windows,
        role: Office,
        actor: "svchost.exe",
        operations: "wrd",
        paths: 300,
        hashed: 0.2,
        size: 1e5,
        lines: &[
            Line(2.0, r"C:\Windows\Prefetch\{word}.EXE-{hex8}.pf"),
            Line(1.0, r"C:\Windows\SoftwareDistribution\Download\{hex8}{hex8}\{word}.cab"),
            Line(1.0, r"C:\Windows\Temp\{uuid}.tmp"),
        ],
    },
    Access {
        weight: 9.0,
        os: Windows,
        role: Developer,
        actor: "node.exe",
        operations: "wcrcd",
        paths: 0,
        hashed: 0.15,
        size: 6e3,
        lines: &[
            Line(4.0, r"C:\src\{word}-{word}\node_modules\{pkg}\lib\{word}-{word}.js"),
            Line(2.0, r"C:\src\{word}-{word}\dist\{word}.{hex8}.js"),
            Line(1.0, r"C:\src\{word}-{word}\src\{word}\{word}_{word}.ts"),
        ],
    },
    Access {
        weight: 6.0,
        os: Windows,
        role: Developer,
        actor: "git.exe",
        operations: "cwm",
        paths: 0,
        hashed: 0.0,
        size: 3e3,
        lines: &[Line(1.0, r"C:\src\{word}-{word}\.git\objects\{n}\{hex8}{hex8}{hex8}{hex8}{hex8}")],
    },
    Access {
        weight: 5.0,
        os: Windows,
        role: Scientist,
        actor: "python.exe",
        operations: "wrrc",
        paths: 60,
        hashed: 0.2,
        size: 4e6,
        lines: &[
            Line(3.0, r"D:\data\{data}\part-{part}.parquet"),
            Line(2.0, r"D:\runs\{run}\events.out.tfevents.{big}.{host}"),
            Line(1.0, r"C:\Users\{user}\notebooks\{word}_{word}.ipynb"),
        ],
    },
    Access {
        weight: 9.0,
        os: Linux,
        role: Service,
        actor: "runc",
        operations: "wcd",
        paths: 0,
        hashed: 0.05,
        size: 4e3,
        lines: &[
            Line(1.0, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/{hex64}/{word}.json"),
            Line(1.0, "/sys/fs/cgroup/kubepods.slice/kubepods-pod{hex8}.slice/cgroup.procs"),
        ],
    },
    Access {
        weight: 7.0,
        os: Linux,
        role: Service,
        actor: "python3",
        operations: "rrrrrrrw",
        paths: 300,
        hashed: 0.05,
        size: 1.2e8,
        lines: &[
            Line(3.0, "/data/{data}/part-{part}.parquet"),
            Line(1.0, "/mnt/datasets/{data}/v{digit}/shard-{part}.tfrecord"),
            Line(1.0, "/mnt/datasets/{data}/labels_{n}.json"),
        ],
    },
    Access {
        weight: 3.0,
        os: Linux,
        role: Service,
        actor: "python3",
        operations: "wwwr",
        paths: 40,
        hashed: 0.05,
        size: 4e4,
        lines: &[
            Line(3.0, "/srv/training/{run}/metrics.json"),
            Line(1.0, "/srv/training/{run}/predictions.csv"),
            Line(1.0, "/srv/train/data/{data}/manifest.json"),
        ],
    },
    Access {
        weight: 1.2,
        os: Linux,
        role: Service,
        actor: "python3",
        operations: "wwmr",
        paths: 12,
        hashed: 0.6,
        size: 5e8,
        lines: &[
            Line(3.0, "/checkpoints/{run}/last.ckpt"),
            Line(1.0, "/checkpoints/{run}/step_{big}.pt"),
            Line(1.0, "/srv/models/{model}/{digit}/model.onnx"),
        ],
    },
    Access {
        weight: 2.5,
        os: Linux,
        role: Service,
        actor: "python3",
        operations: "r",
        paths: 10,
        hashed: 0.3,
        size: 2e9,
        lines: &[
            Line(3.0, "/models/{model}/{digit}/model.onnx"),
            Line(1.0, "/models/{model}/pytorch_model-{part}.pt"),
            Line(1.0, "/models/{model}/scaler.pkl"),
            Line(2.0, "/models/{model}/model-{part}.safetensors"),
        ],
    },
    Access {
        weight: 0.9,
        os: Linux,
        role: Service,
        actor: "python3",
        operations: "rrwc",
        paths: 50,
        hashed: 0.9,
        size: 5e3,
        lines: &[
            Line(4.0, "/srv/agents/{word}/tools/{tool}.py"),
            Line(1.0, "/srv/agents/{word}/functions/{tool}.py"),
            Line(1.0, "/srv/agents/{word}/tools/__init__.py"),
            Line(0.5, "/srv/agents/{word}/venv/lib/python3.11/site-packages/{pkg}/tools/{word}.py"),
        ],
    },
    Access {
        weight: 0.7,
        os: Linux,
        role: Developer,
        actor: "bash",
        operations: "wcr",
        paths: 80,
        hashed: 0.9,
        size: 5e3,
        lines: &[
            Line(4.0, "/home/{user}/src/agent-{word}/tools/{tool}.py"),
            Line(0.15, "/home/{user}/src/agent-{word}/tools/{tool}_tool{digit}.py"),
            Line(0.1, "/home/{user}/src/agent-{word}/tools/tool_backup/{tool}.py"),
            Line(0.05, "/home/{user}/src/agent-{word}/tools/tool-copy_{tool}.py"),
            Line(2.0, "/home/{user}/src/agent-{word}/node_modules/{pkg}/functions/{word}.js"),
            Line(0.4, "/home/{user}/src/agent-{word}/tools/__init__.py"),
            Line(0.004, "/home/{user}/src/agent-{word}/tools/def exec(eval(subprocess)) {n}.py"),
        ],
    },
    Access {
        weight: 7.0,
        os: Linux,
        role: Service,
        actor: "bash",
        operations: "wwrd",
        paths: 0,
        hashed: 0.05,
        size: 1e4,
        lines: &[
            Line(2.0, "/builds/{word}/{word}-{word}/target/{word}/{hex8}.o"),
            Line(2.0, "/tmp/{word}-{hex8}/{word}.log"),
            Line(1.0, "/var/log/pods/{ns}_{word}-{hex8}_{uuid}/{word}/{digit}.log"),
        ],
    },
];
