//! Network events: kinds of flows, their hosts, ports, sizes and users.

use super::prompts;
use super::template::Line;
use super::world::{Os, Role};

/// Where the flows of a kind go.
#[derive(Debug)]
pub enum Target {
    /// Any web site, by popularity.
    Web,
    /// Host names from templates, with public addresses.
    Named(&'static [Line]),
    /// Host names inside the estate.
    Internal(&'static [Line]),
}

/// A kind of network event.
#[derive(Debug)]
pub struct Flow {
    /// Share of all network events.
    pub weight: f64,
    /// `event_class`.
    pub class: &'static str,
    /// `action_network_protocol`.
    pub protocol: &'static str,
    /// Ports, the likeliest more than once.
    pub ports: &'static [i32],
    /// Destination.
    pub target: Target,
    /// Who causes it, the likeliest more than once.
    pub users: &'static [(Role, Os)],
    /// The program.
    pub actor: &'static str,
    /// Method, if the sensor sees HTTP.
    pub methods: &'static [&'static str],
    /// Request paths.
    pub uris: &'static [Line],
    /// Request bodies.
    pub bodies: &'static [Line],
    /// User agents.
    pub agents: &'static [Line],
    /// Median bytes out and in, and the spread of both.
    pub bytes: (f64, f64, f64),
}

use Os::{Linux, Windows};
use Role::{Developer, Office, Operator, Scientist, Service};

const BROWSER: &[Line] = &[
    Line(
        3.0,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    ),
    Line(1.0, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"),
];
const CLIENT: &[Line] = &[
    Line(3.0, "OpenAI/Python 1.5{digit}.0"),
    Line(1.0, "python-requests/2.32.3"),
    Line(1.0, "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)"),
];
const NONE: &[Line] = &[];

/// All kinds of flows.
pub const FLOWS: &[Flow] = &[
    Flow {
        weight: 46.0,
        class: "CONNECTION",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Web,
        users: &[(Office, Windows), (Office, Windows), (Developer, Windows), (Service, Linux)],
        actor: "chrome.exe",
        methods: &[],
        uris: NONE,
        bodies: NONE,
        agents: NONE,
        bytes: (3e3, 2e4, 1.6),
    },
    Flow {
        weight: 13.0,
        class: "DNS",
        protocol: "UDP",
        ports: &[53],
        target: Target::Web,
        users: &[(Office, Windows), (Service, Linux)],
        actor: "svchost.exe",
        methods: &[],
        uris: NONE,
        bodies: NONE,
        agents: NONE,
        bytes: (70.0, 180.0, 0.4),
    },
    Flow {
        weight: 12.0,
        class: "HTTP",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Web,
        users: &[(Office, Windows), (Developer, Windows)],
        actor: "chrome.exe",
        methods: &["GET", "GET", "GET", "POST"],
        uris: &[
            Line(3.0, "/{word}/{word}-{word}?id={big}"),
            Line(2.0, "/assets/{word}.{hex8}.js"),
            Line(1.0, "/api/v{digit}/{word}/{uuid}"),
            Line(0.5, "/{word}/{word}/{b64}"),
        ],
        bodies: prompts::FORMS,
        agents: BROWSER,
        bytes: (2e3, 1.5e4, 1.5),
    },
    Flow {
        weight: 7.0,
        class: "HTTP",
        protocol: "HTTP",
        ports: &[80, 8080, 4318, 9090],
        target: Target::Internal(&[
            Line(3.0, "{word}-{word}.{ns}.svc.cluster.local"),
            Line(1.0, "collector.monitoring.svc.cluster.local"),
        ]),
        users: &[(Service, Linux)],
        actor: "python3",
        methods: &["GET", "POST"],
        uris: &[Line(2.0, "/healthz"), Line(2.0, "/v1/logs"), Line(2.0, "/{word}/{word}/{big}")],
        bodies: prompts::FORMS,
        agents: &[Line(1.0, "OTel-OTLP-Exporter-Python/1.2{digit}.0"), Line(1.0, "Go-http-client/1.1")],
        bytes: (1.5e3, 2e3, 1.0),
    },
    Flow {
        weight: 8.6,
        class: "LLM_REQUEST",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Named(&[
            Line(44.0, "api.openai.com"),
            Line(6.0, "eu.api.openai.com"),
            Line(0.5, "API.OpenAI.com"),
            Line(24.0, "api.anthropic.com"),
            Line(10.0, "generativelanguage.googleapis.com"),
            Line(3.0, "europe-west4-aiplatform.googleapis.com"),
            Line(8.0, "corp-prod.openai.azure.com"),
            Line(3.0, "bedrock-runtime.eu-west-1.amazonaws.com"),
        ]),
        users: &[
            (Service, Linux),
            (Service, Linux),
            (Service, Windows),
            (Developer, Windows),
            (Scientist, Windows),
        ],
        actor: "python.exe",
        methods: &["POST"],
        uris: &[
            Line(4.0, "/v1/chat/completions"),
            Line(2.0, "/v1/messages"),
            Line(1.0, "/v1/responses"),
            Line(0.5, "/v1/embeddings"),
        ],
        bodies: prompts::CHATS,
        agents: CLIENT,
        bytes: (3.2e4, 6e3, 1.3),
    },
    Flow {
        weight: 3.2,
        class: "MCP_MESSAGE",
        protocol: "TCP",
        ports: &[8000, 8080, 3000, 5000, 8765],
        target: Target::Internal(&[Line(1.0, "mcp-{tool}.agents.svc.cluster.local")]),
        users: &[(Service, Linux), (Service, Linux), (Developer, Windows)],
        actor: "python3",
        methods: &["POST"],
        uris: &[Line(1.0, "/mcp")],
        bodies: prompts::MCP,
        agents: &[
            Line(3.0, "mcp-client/1.2{digit}"),
            Line(1.0, "python-httpx/0.27.0 Model-Context-Protocol/1.0"),
            Line(2.0, "node"),
            Line(1.0, "claude-code/2.0.{digit} (mcp)"),
        ],
        bytes: (900.0, 3e3, 1.0),
    },
    Flow {
        weight: 3.0,
        class: "HTTP",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Named(&[
            Line(4.0, "corp-lake.s3.amazonaws.com"),
            Line(1.0, "corp-models-eu.s3.amazonaws.com"),
            Line(1.0, "corpml.blob.core.windows.net"),
            Line(1.0, "corp-artifacts.storage.googleapis.com"),
            Line(2.0, "s3.eu-west-1.amazonaws.com"),
        ]),
        users: &[(Service, Linux), (Scientist, Windows)],
        actor: "python3",
        methods: &["GET", "GET", "GET", "PUT", "PUT"],
        uris: &[
            Line(6.0, "/{data}/part-{part}.parquet?X-Amz-Signature={hex64}"),
            Line(1.0, "/models/{model}/{run}/weights-{part}.bin"),
            Line(0.5, "/checkpoints/{run}/step_{big}.ckpt"),
            Line(3.0, "/logs/{word}/{uuid}.gz"),
        ],
        bodies: NONE,
        agents: &[Line(1.0, "Boto3/1.35.{n} md/Botocore#1.35.{n} ua/2.0 os/linux")],
        bytes: (3e5, 2e6, 2.2),
    },
    Flow {
        weight: 1.2,
        class: "HTTP",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Named(&[
            Line(9.0, "api.wandb.ai"),
            Line(1.0, "app.neptune.ai"),
            Line(1.0, "cloud.mlflow.org"),
            Line(3.0, "tracking.mlflow.corp.example"),
        ]),
        users: &[(Service, Linux), (Scientist, Windows), (Scientist, Windows), (Scientist, Windows)],
        actor: "python.exe",
        methods: &["POST", "POST", "GET"],
        uris: &[
            Line(4.0, "/api/2.0/mlflow/runs/log-batch"),
            Line(1.0, "/api/2.0/mlflow/registered-models/create"),
            Line(2.0, "/api/2.0/mlflow/model-versions/create"),
            Line(2.0, "/files/{user}/{model}/{run}/upload_stream"),
            Line(3.0, "/graphql"),
        ],
        bodies: NONE,
        agents: &[Line(1.0, "mlflow-python-client/2.1{digit}.0"), Line(1.0, "wandb-core 0.19.{digit}")],
        bytes: (8e3, 2e3, 1.3),
    },
    Flow {
        weight: 1.0,
        class: "HTTP",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Named(&[
            Line(3.0, "runtime.sagemaker.eu-west-1.amazonaws.com"),
            Line(1.0, "eu.vertexai.goog"),
            Line(2.0, "westeurope.api.azureml.ms"),
        ]),
        users: &[(Service, Linux), (Scientist, Windows)],
        actor: "python3",
        methods: &["POST"],
        uris: &[Line(1.0, "/endpoints/{model}/invocations")],
        bodies: NONE,
        agents: &[Line(1.0, "Boto3/1.35.{n}")],
        bytes: (6e4, 4e3, 1.2),
    },
    Flow {
        weight: 0.05,
        class: "HTTP",
        protocol: "HTTPS",
        ports: &[443],
        target: Target::Named(&[
            Line(3.0, "cdn-lfs.huggingface.co"),
            Line(1.0, "download.pytorch.org"),
            Line(1.0, "objects.githubusercontent.com"),
        ]),
        users: &[(Scientist, Windows), (Service, Linux)],
        actor: "python.exe",
        methods: &["GET"],
        uris: &[Line(1.0, "/repos/{hex8}/{hex64}?filename=model-{part}.safetensors")],
        bodies: NONE,
        agents: &[Line(1.0, "huggingface_hub/0.26.{digit}; python/3.11")],
        bytes: (4e3, 1.2e8, 1.2),
    },
    Flow {
        weight: 6.0,
        class: "CONNECTION",
        protocol: "TCP",
        ports: &[5432, 6379, 9092, 445, 389, 22],
        target: Target::Internal(&[
            Line(2.0, "db-{digit}.data.corp.example"),
            Line(1.0, "kafka-{digit}.data.corp.example"),
            Line(1.0, "dc-{digit}.corp.example"),
        ]),
        users: &[(Service, Linux), (Office, Windows), (Operator, Linux)],
        actor: "java",
        methods: &[],
        uris: NONE,
        bodies: NONE,
        agents: NONE,
        bytes: (5e3, 9e3, 1.8),
    },
];
