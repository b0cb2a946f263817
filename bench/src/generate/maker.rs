//! Fills one event after another.

use super::event::{Event, Name};
use super::files::{ACCESSES, Access};
use super::flows::{FLOWS, Flow, Target};
use super::incidents::{Burst, Incident};
use super::needles;
use super::programs::{PROGRAMS, Program};
use super::prompts;
use super::random::{Random, Weighted};
use super::template::{self, Subject, Vocabulary, hexadecimal};
use super::world::{Host, Os, Role, User, World, public_ip};

/// Shares of process, file and agent events; the rest is network.
const PROCESS_SHARE: f64 = 0.37;
const FILE_SHARE: f64 = 0.26;
const AGENT_SHARE: f64 = 0.02;
/// Share of command lines that recur instead of being new.
const RECURRING: f64 = 0.45;

/// Makes events; one for each thread, all alike.
#[derive(Debug)]
pub struct Maker<'w> {
    world: &'w World,
    vocabulary: Vocabulary,
    programs: Weighted,
    accesses: Weighted,
    flows: Weighted,
    calls: Weighted,
    scratch: String,
}

impl<'w> Maker<'w> {
    /// A maker of events in that estate.
    pub fn new(world: &'w World) -> Self {
        Self {
            world,
            vocabulary: Vocabulary::new(),
            programs: Weighted::new(PROGRAMS.iter().map(|program| program.weight)),
            accesses: Weighted::new(ACCESSES.iter().map(|access| access.weight)),
            flows: Weighted::new(FLOWS.iter().map(|flow| flow.weight)),
            calls: Weighted::new(prompts::CALLS.iter().map(|call| call.weight)),
            scratch: String::new(),
        }
    }

    /// An ordinary event.
    pub fn ordinary(&mut self, event: &mut Event, random: &mut Random) {
        let kind = random.unit();
        if kind < PROCESS_SHARE {
            let program = &PROGRAMS[self.programs.pick(random)];
            let user = {
                let role = *random.pick(program.roles);
                self.world.user(random, role, program.os)
            };
            self.process(event, program, None, user, random);
        } else if kind < PROCESS_SHARE + FILE_SHARE {
            let access = &ACCESSES[self.accesses.pick(random)];
            let user = self.world.user(random, access.role, access.os);
            self.file(event, access, None, user, random);
        } else if kind < PROCESS_SHARE + FILE_SHARE + AGENT_SHARE {
            self.tool_call(event, random);
        } else {
            let flow = &FLOWS[self.flows.pick(random)];
            let (role, os) = *random.pick(flow.users);
            let user = self.world.user(random, role, os);
            self.network(event, flow, user, random);
        }
    }

    /// An event of a burst.
    pub fn burst(&mut self, event: &mut Event, incident: &Incident, random: &mut Random) {
        let mut fixed = Random::keyed(&[incident.key]);
        let user = self.world.user(&mut fixed, incident.user.0, incident.user.1);
        match incident.burst {
            Burst::Python(line) => {
                self.process(event, program("python.exe"), Some(line), user, random);
            }
            Burst::Kubectl(line) => {
                self.process(event, program("kubectl.exe"), Some(line), user, random);
            }
            Burst::LargePrompts => {
                self.network(event, flow("LLM_REQUEST", "api.openai.com"), user, random);
                event.action_remote_hostname.put("api.openai.com");
                event.action_network_bytes_out = Some(random.log_normal(2.5e5, 0.5) as i64);
            }
            Burst::MlService => {
                self.network(event, flow("HTTP", "sagemaker"), user, random);
                event.action_network_bytes_out = Some(random.log_normal(1.5e5, 0.4) as i64);
            }
            Burst::McpServer => {
                self.network(event, flow("MCP_MESSAGE", "mcp-"), user, random);
                event.action_remote_hostname.put("mcp-export.agents.svc.cluster.local");
                event.action_remote_ip.put("10.96.0.77");
                event.action_remote_port = Some(8000);
                event.action_http_user_agent.put("mcp-client/1.20");
            }
            Burst::DatasetWrites => {
                self.file(
                    event,
                    access("/srv/training/"),
                    Some("/data/{data}/overrides.csv"),
                    user,
                    &mut fixed,
                );
                event.action_file_operation = Name(Some("FILE_WRITE"));
                event.event_sub_type = Name(Some("FILE_WRITE"));
            }
        }
    }

    /// One of the rare events that the needle queries look for.
    pub fn needle(&mut self, event: &mut Event, needle: needles::Needle, random: &mut Random) {
        match needle {
            needles::Needle::CommandLine => {
                let user = self.world.user(random, Role::Office, Os::Windows);
                self.process(event, program("powershell.exe"), Some(needles::COMMAND_LINE), user, random);
            }
            needles::Needle::Body => {
                let user = self.world.user(random, Role::Developer, Os::Windows);
                self.network(event, flow("LLM_REQUEST", "api.openai.com"), user, random);
                event.action_http_request_body.put(needles::BODY);
            }
            needles::Needle::Hash => {
                let user = self.world.user(random, Role::Service, Os::Linux);
                self.file(event, access("/checkpoints/"), None, user, random);
                event.action_file_hash.put(needles::HASH);
            }
        }
    }

    fn process(
        &mut self,
        event: &mut Event,
        program: &Program,
        line: Option<&str>,
        user: &User,
        random: &mut Random,
    ) {
        let host = self.world.host_of(user);
        actor(event, user, host, random);
        event.event_type = Name(Some("PROCESS"));
        event.event_class = Name(Some("PROCESS"));
        event.event_sub_type = Name(Some(if random.chance(0.9) { "PROCESS_START" } else { "PROCESS_STOP" }));
        event.source_name = Name(Some(if host.os == Os::Windows { "sysmon" } else { "tetragon" }));
        image_name(event.action_process_image_name.fill(), program.image, host.os, random);
        let path = event.action_process_image_path.fill();
        path.push_str(program.folder);
        path.push_str(program.image);

        let mut recurring = Random::keyed(&[program.image.len() as u64, user.host as u64, random.below(24)]);
        let source = if line.is_none() && random.chance(RECURRING) { &mut recurring } else { &mut *random };
        let template = line.unwrap_or_else(|| template::pick(program.lines, source));
        let out = event.action_process_command_line.fill();
        if host.os == Os::Windows {
            out.extend(["\"", program.folder, program.image, "\" "]);
        } else {
            out.extend([program.folder, program.image, " "]);
        }
        self.vocabulary.expand(template, Subject { user, host }, source, out);

        let version = Random::keyed(&[program.folder.len() as u64, program.cpu.to_bits(), random.below(5)]);
        hash(event.action_process_image_sha256.fill(), version);
        event.action_process_os_pid = Some(pid(random, host.os));
        hexadecimal(random.next(), 16, event.action_process_instance_id.fill());
        event.action_process_cpu_time = Some((random.log_normal(program.cpu, 1.0) * 1e3).round() / 1e3);
        self.parent(event, user, host, random);
    }

    /// The process that started the program.
    fn parent(&mut self, event: &mut Event, user: &User, host: &Host, random: &mut Random) {
        let (image, folder, line): (&str, &str, &str) = match (host.os, user.role) {
            (Os::Windows, Role::Service) => ("services.exe", r"C:\Windows\System32\", ""),
            (Os::Windows, Role::Office) => ("explorer.exe", r"C:\Windows\", "/factory,{hex8} -Embedding"),
            (Os::Windows, _) => {
                ("cmd.exe", r"C:\Windows\System32\", r"/c C:\src\{word}-{word}\run_{word}.bat")
            }
            (Os::Linux, Role::Service) => {
                ("containerd-shim-runc-v2", "/usr/bin/", "-namespace k8s.io -id {hex64}")
            }
            (Os::Linux, _) => ("bash", "/usr/bin/", "--login"),
        };
        self.acting_process(event, image, folder, line, Subject { user, host }, random);
    }

    /// Name, path and, for a part of the rows, command line of the acting process.
    fn acting_process(
        &mut self,
        event: &mut Event,
        image: &str,
        folder: &str,
        line: &str,
        who: Subject<'_>,
        random: &mut Random,
    ) {
        event.actor_process_image_name.put(image);
        event.actor_process_image_path.fill().extend([folder, image]);
        event.actor_process_os_pid = Some(pid(random, who.host.os));
        hexadecimal(random.next(), 16, event.actor_process_instance_id.fill());
        let chain = if random.chance(0.5) {
            random.next()
        } else {
            Random::keyed(&[who.user.host as u64, random.below(200)]).next()
        };
        hexadecimal(chain, 16, event.actor_process_causality_id.fill());
        if random.chance(0.4) {
            let mut recurring = Random::keyed(&[image.len() as u64, who.user.host as u64, random.below(4)]);
            let out = event.actor_process_command_line.fill();
            out.extend([folder, image, " "]);
            self.vocabulary.expand(line, who, &mut recurring, out);
        }
    }

    fn file(
        &mut self,
        event: &mut Event,
        access: &Access,
        line: Option<&str>,
        user: &User,
        random: &mut Random,
    ) {
        let host = self.world.host_of(user);
        actor(event, user, host, random);
        event.event_type = Name(Some("FILE"));
        event.event_class = Name(Some("FILE"));
        event.source_name = Name(Some(if host.os == Os::Windows { "sysmon" } else { "tetragon" }));
        let (operation, sub_type) = operation(access.operations, random);
        event.action_file_operation = Name(Some(operation));
        event.event_sub_type = Name(Some(sub_type));

        let variant = if access.paths == 0 { random.next() } else { random.below(access.paths) };
        let mut recurring = Random::keyed(&[access.weight.to_bits(), user.host as u64, variant]);
        let template = line.unwrap_or_else(|| template::pick(access.lines, &mut recurring));
        let path = event.action_file_path.fill();
        self.vocabulary.expand(template, Subject { user, host }, &mut recurring, path);
        self.scratch.clear();
        self.scratch.push_str(path);
        let name = self.scratch.rsplit(['/', '\\']).next().unwrap_or_default();
        event.action_file_name.put(name);
        if let Some((_, extension)) = name.rsplit_once('.') {
            event.action_file_extension.put(extension);
        }
        event.action_file_size = Some(random.log_normal(access.size, 1.2) as i64);
        if random.chance(access.hashed) {
            let content = if operation == "FILE_READ" { recurring } else { Random::keyed(&[random.next()]) };
            hash(event.action_file_hash.fill(), content);
        }
        let program = program(access.actor);
        self.acting_process(
            event,
            program.image,
            program.folder,
            program.lines[0].1,
            Subject { user, host },
            random,
        );
    }

    fn network(&mut self, event: &mut Event, flow: &Flow, user: &User, random: &mut Random) {
        let host = self.world.host_of(user);
        let who = Subject { user, host };
        actor(event, user, host, random);
        event.event_type = Name(Some("NETWORK"));
        event.event_class = Name(Some(flow.class));
        event.source_name = Name(Some(if flow.methods.is_empty() { "envoy" } else { "http_proxy" }));
        event.action_network_protocol = Name(Some(flow.protocol));
        event.network_transport = Name(Some(if flow.protocol == "UDP" { "udp" } else { "tcp" }));
        event.action_local_ip.put(&host.ip);
        event.action_local_port = Some(32_768 + random.below(28_000) as i32);
        event.action_remote_port = Some(*random.pick(flow.ports));
        self.destination(event, flow, who, random);
        let (out, input, spread) = flow.bytes;
        event.action_network_bytes_out = Some(random.log_normal(out, spread) as i64);
        event.action_network_bytes_in = Some(random.log_normal(input, spread) as i64);
        let program = program(if host.os == Os::Linux { "python3" } else { flow.actor });
        self.acting_process(event, program.image, program.folder, program.lines[0].1, who, random);
        if !flow.methods.is_empty() {
            self.http(event, flow, who, random);
        }
        if flow.class == "LLM_REQUEST" {
            llm(event, random);
        }
    }

    fn destination(&mut self, event: &mut Event, flow: &Flow, who: Subject<'_>, random: &mut Random) {
        match &flow.target {
            Target::Web => {
                let site = self.world.site(random);
                event.action_remote_hostname.put(&site.host);
                event.action_remote_ip.put(random.pick::<String>(&site.ips));
            }
            Target::Named(hosts) => {
                let name = template::pick(hosts, random);
                event.action_remote_hostname.put(name);
                let mut recurring = Random::keyed(&[name.len() as u64, random.below(12)]);
                event.action_remote_ip.put(&public_ip(&mut recurring));
            }
            Target::Internal(hosts) => {
                let out = event.action_remote_hostname.fill();
                self.vocabulary.expand(template::pick(hosts, random), who, random, out);
                let octet = out.bytes().fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
                let network = random.pick(&["10.96.0.", "172.20.4.", "192.168.40."]);
                let ip = event.action_remote_ip.fill();
                ip.extend([*network, octet.to_string().as_str()]);
            }
        }
    }

    fn http(&mut self, event: &mut Event, flow: &Flow, who: Subject<'_>, random: &mut Random) {
        let method = *random.pick(flow.methods);
        event.action_http_request_method = Name(Some(method));
        let uri = template::pick(flow.uris, random);
        self.vocabulary.expand(uri, who, random, event.action_http_request_uri.fill());
        let agent = template::pick(flow.agents, random);
        self.vocabulary.expand(agent, who, random, event.action_http_user_agent.fill());
        if method == "POST" && !flow.bodies.is_empty() {
            let body = template::pick(flow.bodies, random);
            self.vocabulary.expand(body, who, random, event.action_http_request_body.fill());
        }
        event.http_status = Some(*random.pick(&[200, 200, 200, 200, 200, 200, 204, 304, 404, 429, 500]));
    }

    /// A tool call of an AI agent, as an MCP tap reports it.
    fn tool_call(&mut self, event: &mut Event, random: &mut Random) {
        let call = &prompts::CALLS[self.calls.pick(random)];
        let role = *random.pick(&[Role::Developer, Role::Developer, Role::Service]);
        let user = self.world.user(random, role, Os::Linux);
        let who = Subject { user, host: self.world.host_of(user) };
        actor(event, user, who.host, random);
        event.event_type = Name(Some("AGENT"));
        event.event_class = Name(Some("TOOL_CALL"));
        event.source_name = Name(Some("mcp_tap"));
        event.tool_name.put(call.name);
        event.tool_server.put(call.server);
        event.tool_type = Name(Some(call.kind));
        self.vocabulary.expand(call.arguments, who, random, event.tool_arguments.fill());
        hexadecimal(random.next(), 16, event.session_id.fill());
        event.actor_process_image_name.put("node");
    }
}

/// Identity, host and sensor columns.
fn actor(event: &mut Event, user: &User, host: &Host, random: &mut Random) {
    event.event_outcome = Name(Some(if random.chance(0.97) { "success" } else { "failure" }));
    event.actor_primary_user_sid.put(&user.sid);
    event.actor_primary_username.put(&user.name);
    event.actor_type = Name(Some(if user.role == Role::Service { "service_account" } else { "user" }));
    event.agent_hostname.put(&host.name);
    event.agent_id.put(&host.agent_id);
    event.agent_ip_addresses.put(&host.ip);
    event.agent_os_type.put(if host.os == Os::Windows { "Windows" } else { "Linux" });
    if host.os == Os::Linux && user.role == Role::Service {
        let mut pod = Random::keyed(&[user.host as u64, random.below(6)]);
        let namespace = *pod.pick(&["ml-serving", "ml-training", "data-platform", "agents"]);
        event.k8s_namespace.put(namespace);
        let name = event.k8s_pod_name.fill();
        name.extend([user.name.as_str(), "-"]);
        hexadecimal(pod.next(), 8, name);
        event.container_image_name.fill().extend(["registry.corp.example/", namespace, "/", &user.name]);
        event.cloud_region = Name(Some(*pod.pick(&["eu-west-1", "eu-central-1", "us-east-1"])));
    }
}

fn llm(event: &mut Event, random: &mut Random) {
    let host = event.action_remote_hostname.get().unwrap_or_default();
    let (provider, model) = match host {
        _ if host.contains("anthropic") => ("anthropic", "claude-sonnet-4-5"),
        _ if host.contains("googleapis") => ("gcp.gemini", "gemini-2.5-pro"),
        _ if host.contains("azure") => ("azure.ai.openai", "gpt-4o"),
        _ if host.contains("bedrock") => ("aws.bedrock", "claude-haiku-4-5"),
        _ => ("openai", if random.chance(0.7) { "gpt-4o" } else { "gpt-4o-mini" }),
    };
    event.llm_provider = Name(Some(provider));
    event.llm_model.put(model);
    event.llm_input_tokens = Some(random.log_normal(900.0, 1.0) as i64);
    event.llm_output_tokens = Some(random.log_normal(250.0, 0.9) as i64);
    let session = event.session_id.fill();
    hexadecimal(random.next(), 16, session);
}

/// Windows lets the case of a name vary; a few records carry another case.
fn image_name(out: &mut String, image: &str, os: Os, random: &mut Random) {
    if os == Os::Windows && random.chance(0.01) {
        out.push_str(&image[..1].to_uppercase());
        out.push_str(&image[1..]);
    } else {
        out.push_str(image);
    }
}

fn operation(operations: &str, random: &mut Random) -> (&'static str, &'static str) {
    match random.pick(operations.as_bytes()) {
        b'r' => ("FILE_READ", "FILE_READ"),
        b'w' => ("FILE_WRITE", "FILE_WRITE"),
        b'c' => ("FILE_CREATE", "FILE_CREATE_NEW"),
        b'm' => ("FILE_RENAME", "FILE_RENAME"),
        _ => ("FILE_DELETE", "FILE_REMOVE"),
    }
}

fn hash(out: &mut String, mut content: Random) {
    (0..4).for_each(|_| hexadecimal(content.next(), 16, out));
}

fn pid(random: &mut Random, os: Os) -> i64 {
    match os {
        Os::Windows => 4 * (1 + random.below(6_000) as i64),
        Os::Linux => 100 + random.below(400_000) as i64,
    }
}

fn program(image: &str) -> &'static Program {
    PROGRAMS.iter().find(|program| program.image == image).unwrap_or(&PROGRAMS[0])
}

fn access(folder: &str) -> &'static Access {
    ACCESSES.iter().find(|access| access.lines[0].1.starts_with(folder)).unwrap_or(&ACCESSES[0])
}

fn flow(class: &str, host: &str) -> &'static Flow {
    FLOWS.iter().find(|flow| flow.class == class && goes_to(flow, host)).unwrap_or(&FLOWS[0])
}

fn goes_to(flow: &Flow, host: &str) -> bool {
    match &flow.target {
        Target::Named(lines) | Target::Internal(lines) => lines.iter().any(|line| line.1.contains(host)),
        Target::Web => false,
    }
}
