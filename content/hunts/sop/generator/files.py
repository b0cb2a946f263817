"""Hunts over file reads and writes: 2.2-1, 2.4-1 to 2.4-3, 2.6-1, 2.7-1, 2.9-2."""

from .formats import Tetragon
from .recording import Recording, at

PYTHON = "/usr/bin/python3.12"
AGENT_TOOLS = ["search_orders", "refund_order", "read_mail", "send_mail", "currency"]
FORMAT = "Tetragon JSON export, `process_kprobe` of `security_file_permission`"


def agent_host(stream):
    return Tetragon(stream, "agent-host-1")


def agent_start(sensor, clock, uid=1000):
    """The agent imports its tools: one read each, and its data files."""
    for n, tool in enumerate(AGENT_TOOLS):
        sensor.read(at(clock, 0.2 * n), PYTHON, "-m agent.serve --port 8700", f"/srv/agent/tools/{tool}.py", uid=uid)
    sensor.read(at(clock, 2), PYTHON, "-m agent.serve --port 8700", "/srv/agent/config/agent.toml", uid=uid)


def agent_noise(sensor, start, end, count, uid=1000):
    """Logs and state that the agent and its operators write all day; no tool code."""
    kinds = [("write", PYTHON, "-m agent.serve --port 8700", "/srv/agent/log/agent.jsonl"),
             ("write", PYTHON, "-m agent.serve --port 8700", "/srv/agent/state/sessions.sqlite-wal"),
             ("read", "/usr/bin/git", "status --short", "/srv/agent/.git/index"),
             ("read", "/usr/bin/vim.basic", "/srv/agent/README.md", "/srv/agent/README.md"),
             ("write", "/usr/bin/logrotate", "/etc/logrotate.d/agent", "/srv/agent/log/agent.jsonl.1")]
    for n, when in enumerate(sensor.stream.spread(start, end, count)):
        kind, binary, arguments, path = kinds[(n * 3 + n // 5) % len(kinds)]
        getattr(sensor, kind)(when, binary, arguments, path, uid=uid)


def unauthorized_tool_registration():
    r = Recording(
        "2.2-1", "Unauthorised tool registration", FORMAT,
        "`npm install` of a look-alike package runs its `postinstall` script as the agent's user; the script drops "
        "`export_invoice.py` into the agent's tool directory and a helper into `functions/`, where the agent loads every file.",
        "The same tool directory is read at the agent's start, byte code is written to `tools/__pycache__`, a JSON manifest of "
        "the tools is regenerated, and `pip` and `npm` unpack packages that have `tools/*.py` of their own below "
        "`venv` and `node_modules`.",
        "`args[0].file_arg.path`, `args[1].int_arg` 2 (MAY_WRITE), `process.binary`",
        "writes below `/tools/` and writes of `.py` files both occur, by the same programs and user; only the package "
        "directories hold both at once",
    )
    attack, benign = r.both("tetragon")
    sensor = agent_host(attack)
    agent_start(sensor, "08:00:02")
    agent_noise(sensor, "08:00", "11:00", 30)
    script = "/srv/agent/ui/node_modules/pdf-previeww/postinstall.js"
    sensor.exec(at("09:12:40.1"), "/usr/bin/npm", "install pdf-previeww", cwd="/srv/agent/ui")
    sensor.exec(at("09:12:48.3"), "/usr/bin/node", script, cwd="/srv/agent/ui/node_modules/pdf-previeww")
    sensor.write(at("09:12:48.9"), "/usr/bin/node", script, "/srv/agent/tools/export_invoice.py")
    sensor.write(at("09:12:49.0"), "/usr/bin/node", script, "/srv/agent/functions/http_helper.py")
    sensor.read(at("09:30:00.5"), PYTHON, "-m agent.serve --port 8700", "/srv/agent/tools/export_invoice.py")
    sensor = agent_host(benign)
    agent_start(sensor, "08:00:02")
    agent_noise(sensor, "08:00", "11:00", 30)
    for n, tool in enumerate(AGENT_TOOLS):
        sensor.write(at("08:00:04", n), PYTHON, "-m agent.serve --port 8700",
                     f"/srv/agent/tools/__pycache__/{tool}.cpython-312.pyc")
    sensor.write(at("08:00:10"), PYTHON, "-m agent.manifest", "/srv/agent/tools/manifest.json")
    site = "/srv/agent/venv/lib/python3.12/site-packages"
    for n, name in enumerate(["render.py", "text.py", "base.py"]):
        sensor.write(at("09:12:41", n), "/srv/agent/venv/bin/pip", "install agentkit==1.9.2", f"{site}/agentkit/tools/{name}")
    for n, name in enumerate(["gyp_main.py", "graphviz.py", "pretty_sln.py"]):
        sensor.write(at("09:20:03", n), "/usr/bin/npm", "ci", f"/srv/agent/ui/node_modules/node-gyp/gyp/tools/{name}")
    return r


def duplicate_tool_names():
    r = Recording(
        "2.4-1", "Duplicate tool names", FORMAT,
        "A plugin that was installed two minutes earlier ships a `send_mail.py` of its own: "
        "`plugins/mail-toolkit-plus/tools/send_mail.py` is written and loaded in the hour in which the agent loads the real "
        "`tools/send_mail.py`. The agent finds the plugin's first.",
        "The release job writes all tools to the staging copy at ten and to the productive folder at one o'clock; both folders "
        "are read at their services' starts in different hours, and the plugin brings tools with names of its own.",
        "`args[0].file_arg.path`: distinct folders per file name and hour",
        "every tool name exists in two folders, as with any staging copy, but never in the same hour; `__init__.py`, which is "
        "in all of them in the same hour, is no tool",
    )
    attack, benign = r.both("tetragon")
    serve = (PYTHON, "-m agent.serve --port 8700")
    sensor = agent_host(attack)
    agent_noise(sensor, "10:00", "13:00", 24)
    plugin = "/srv/agent/plugins/mail-toolkit-plus/tools"
    for n, name in enumerate(["__init__", "send_mail", "mail_merge"]):
        sensor.write(at("11:20:31", n), "/usr/bin/unzip", "mail-toolkit-plus.zip -d plugins", f"{plugin}/{name}.py")
    agent_start(sensor, "11:22:05")
    for n, name in enumerate(["__init__", "send_mail", "mail_merge"]):
        sensor.read(at("11:22:08", 0.2 * n), *serve, f"{plugin}/{name}.py")
    release = ("/usr/bin/rsync", "--server -logDtpre . /srv")
    sensor = agent_host(benign)
    agent_noise(sensor, "10:00", "14:00", 24)
    for clock, folder in (("10:20:05", "/srv/agent-staging/tools"), ("13:20:05", "/srv/agent/tools")):
        for n, tool in enumerate(AGENT_TOOLS + ["__init__"]):
            sensor.write(at(clock, n), *release, f"{folder}/{tool}.py")
            sensor.read(at(clock, 60 + n), *serve, f"{folder}/{tool}.py")
    for n, name in enumerate(["__init__", "calendar", "rooms"]):
        sensor.read(at("13:21:30", 0.2 * n), *serve, f"/srv/agent/plugins/office/tools/{name}.py")
    return r


def tool_name_variations():
    r = Recording(
        "2.4-2", "Tool name variations", FORMAT,
        "A compromised plugin account writes look-alikes beside the real tool: `mail_tool2.py`, `mail_tool_copy.py`, which "
        "the agent's loader picks up because it takes every file that contains `tool`.",
        "An operator reads the old `mail_tool_backup.py` before deleting it, an editor writes `mail_tool.py` and its swap file, "
        "and the toolbox gains `toolbox.py`.",
        "`args[0].file_arg.path`, MAY_WRITE",
        "the backup's name matches but is only read; the written names differ by one or two letters from the patterns",
    )
    attack, benign = r.both("tetragon")
    sensor = agent_host(attack)
    agent_start(sensor, "08:00:02")
    agent_noise(sensor, "12:00", "14:00", 20)
    plugin = ("/usr/bin/sftp-server", "-u 0022")
    for n, name in enumerate(["mail_tool2.py", "mail_tool_copy.py", "order-tool-backup.py"]):
        sensor.write(at("12:47:11", 3 * n), *plugin, f"/srv/agent/plugins/{name}", uid=1107)
    sensor = agent_host(benign)
    agent_start(sensor, "08:00:02")
    agent_noise(sensor, "12:00", "14:00", 20)
    sensor.read(at("12:40:00"), "/usr/bin/less", "mail_tool_backup.py", "/srv/agent/plugins/mail_tool_backup.py")
    for n, name in enumerate(["mail_tool.py", ".mail_tool.py.swp", "toolbox.py", "tooling.py", "tool_registry.py"]):
        sensor.write(at("12:47:11", 40 * n), "/usr/bin/vim.basic", name, f"/srv/agent/plugins/{name}")
    sensor.write(at("12:58:00"), "/usr/bin/tar", "czf tool_backup.tgz tools", "/srv/agent/backup/tool_backup.tgz")
    return r


def import_path_manipulation():
    r = Recording(
        "2.4-3", "Import path manipulation", FORMAT,
        "`/srv/agent/tools/__init__.py` is rewritten through the web server's upload directory escape, so that `import tools` "
        "loads the attacker's `send_mail` before the real one.",
        "The file is read at every start of the agent; a developer edits `__init__.py` of the agent's `skills` package and the "
        "tool modules themselves.",
        "`args[0].file_arg.path` ends in `/__init__.py` below `/tools/`, MAY_WRITE",
        "the same path with a read, the same file name in the neighbour package, and writes of other files in the same folder",
        note="Installing a package that has a `tools` subpackage also matches this hunt; the twin does not hide that by "
             "installing one.",
    )
    attack, benign = r.both("tetragon")
    sensor = agent_host(attack)
    agent_start(sensor, "08:00:02")
    agent_noise(sensor, "15:00", "17:00", 20)
    sensor.write(at("15:33:20.6"), "/usr/sbin/nginx", "-g daemon off;", "/srv/agent/tools/__init__.py", uid=33)
    sensor.read(at("15:40:00.4"), PYTHON, "-m agent.serve --port 8700", "/srv/agent/tools/__init__.py")
    sensor = agent_host(benign)
    agent_start(sensor, "08:00:02")
    agent_noise(sensor, "15:00", "17:00", 20)
    for n, clock in enumerate(["08:00:02.9", "15:40:00.4", "16:20:00.9"]):
        sensor.read(at(clock), PYTHON, "-m agent.serve --port 8700", "/srv/agent/tools/__init__.py")
    sensor.write(at("15:33:20.6"), "/usr/bin/vim.basic", "skills/__init__.py", "/srv/agent/skills/__init__.py")
    sensor.write(at("15:35:02.0"), "/usr/bin/vim.basic", "tools/send_mail.py", "/srv/agent/tools/send_mail.py")
    sensor.write(at("15:35:40.0"), "/usr/bin/vim.basic", "tools/__main__.py", "/srv/agent/tools/__main__.py")
    return r


def data_node(stream):
    pod = Tetragon.workload("ml", "feature-etl", "Job", "ml/feature-etl")
    return Tetragon(stream, "data-node-2", pod)


def unauthorized_dataset_modifications():
    r = Recording(
        "2.6-1", "Unauthorised dataset modifications", FORMAT,
        "From a shell in a labelling pod, a script rewrites `/mnt/datasets/fraud/train.csv` 16 times in twelve minutes, some "
        "rows each time, until the row count and the label share look as before.",
        "The nightly job writes 120 shards once each and appends nine times to its own manifest; a labelling tool saves one "
        "JSON file ten times in an hour, and ten times again in the next.",
        "`args[0].file_arg.path` and the writing user, counted per user, path and hour",
        "nine times the writes of the attacker, one path written 20 times within 65 minutes, but at most 10 in a clock hour",
    )
    attack, benign = r.both("tetragon")
    job = (PYTHON, "-m feature_etl.run --date 2026-11-19")
    sensor = data_node(attack)
    for n, when in enumerate(attack.spread("06:05", "07:10", 40)):
        sensor.write(when, *job, f"/mnt/datasets/fraud/daily/part-{n:05d}.parquet", uid=1300)
    shell = Tetragon(attack, "data-node-2", Tetragon.workload("ml", "labeling-ui", "Deployment", "ml/labeling-ui"))
    for when in attack.spread("11:04", "11:16", 16):
        shell.write(when, PYTHON, "/tmp/.x/flip.py --rows 40", "/mnt/datasets/fraud/train.csv", uid=1000)
    sensor = data_node(benign)
    for n, when in enumerate(benign.spread("06:05", "07:40", 120)):
        sensor.write(when, *job, f"/mnt/datasets/fraud/daily/part-{n:05d}.parquet", uid=1300)
    for when in benign.spread("06:10", "06:55", 9):
        sensor.write(when, *job, "/mnt/datasets/fraud/daily/manifest.json", uid=1300)
    ui = Tetragon(benign, "data-node-2", Tetragon.workload("ml", "labeling-ui", "Deployment", "ml/labeling-ui"))
    for start, end in (("11:05", "11:59"), ("12:01", "12:10")):
        for when in benign.spread(start, end, 10):
            ui.write(when, PYTHON, "-m labeling_ui", "/mnt/datasets/fraud/labels/batch-0042.json", uid=1000)
    return r


def model_file_modifications():
    r = Recording(
        "2.7-1", "Model file modifications", FORMAT,
        "Somebody with a shell in the serving pod patches `/mnt/models/fraud/prod.onnx` in place: five writes in four minutes, "
        "long after its registration.",
        "A training run writes 60 checkpoints, each path once, and rewrites `last.ckpt` three times an hour; the deployer "
        "copies a new version to a new path.",
        "`args[0].file_arg.path` and the writing user, counted per user, path and hour",
        "16 times the model writes of the attacker, one path rewritten all day, but never more than three times an hour",
    )
    attack, benign = r.both("tetragon")
    trainer = Tetragon.workload("ml", "fraud-trainer", "Job", "ml/trainer")
    run = (PYTHON, "train.py --config fraud.yaml")
    sensor = Tetragon(attack, "gpu-node-3", trainer)
    for n, when in enumerate(attack.spread("08:00", "11:00", 18)):
        sensor.write(when, *run, f"/mnt/checkpoints/fraud/step-{(n + 1) * 500:06d}.pt", uid=1200)
    shell = Tetragon(attack, "gpu-node-5", Tetragon.workload("serving", "fraud-scorer", "Deployment", "serving/scorer"))
    shell.exec(at("13:41:58"), "/bin/bash", "-i", uid=0, cwd="/")
    for when in attack.spread("13:42", "13:46", 5):
        shell.write(when, PYTHON, "/dev/shm/p.py prod.onnx", "/mnt/models/fraud/prod.onnx", uid=0)
    sensor = Tetragon(benign, "gpu-node-3", trainer)
    for n, when in enumerate(benign.spread("08:00", "14:00", 60)):
        sensor.write(when, *run, f"/mnt/checkpoints/fraud/step-{(n + 1) * 500:06d}.pt", uid=1200)
    for hour in range(8, 14):
        for when in benign.spread(f"{hour}:02", f"{hour}:58", 3):
            sensor.write(when, *run, "/mnt/checkpoints/fraud/last.ckpt", uid=1200)
    deploy = Tetragon(benign, "gpu-node-5", Tetragon.workload("serving", "model-deployer", "Job", "serving/deployer"))
    for n, name in enumerate(["model.onnx", "calibration.pkl"]):
        deploy.write(at("13:42:10", n), "/usr/bin/rclone", "copy registry:fraud/v42 /mnt/models/fraud/v42",
                     f"/mnt/models/fraud/v42/{name}", uid=1210)
    return r


def model_file_access():
    r = Recording(
        "2.9-2", "Model file access patterns", FORMAT,
        "After `kubectl exec` into an inference pod, `tar` and `dd` read the weights again and again, in pieces that stay "
        "below the size limits of the egress gateway: nine reads of one `.pt` file in 20 minutes.",
        "A roll-out restarts five replicas, each of which reads the weights once; a second roll-out follows in the next hour; "
        "a backup job of another user reads every model once.",
        "`args[0].file_arg.path`, `args[1].int_arg` 4 (MAY_READ) and the reading user, counted per user, path and hour",
        "more reads of the same file in total, by the same user id, but five an hour",
    )
    attack, benign = r.both("tetragon")
    weights = "/mnt/models/rerank/weights.pt"
    serve = (PYTHON, "-m serve --model /mnt/models/rerank")
    for replica in range(2):
        pod = Tetragon.workload("serving", "rerank", "Deployment", "serving/rerank", replica=replica)
        Tetragon(attack, "gpu-node-5", pod).read(at("09:00:05", 30 * replica), *serve, weights, uid=1000)
    shell = Tetragon(attack, "gpu-node-5", Tetragon.workload("serving", "rerank", "Deployment", "serving/rerank"))
    shell.exec(at("16:10:11"), "/bin/sh", "-c bash", uid=0, cwd="/")
    shell.read(at("16:10:40"), "/usr/bin/tar", "cf - /mnt/models/rerank", weights, uid=0)
    for n, when in enumerate(attack.spread("16:12", "16:31", 8)):
        shell.read(when, "/usr/bin/dd", f"if=weights.pt of=/tmp/.c/{n:02d} bs=4M count=64 skip={64 * n}", weights, uid=0)
    for clock in ("15:02", "16:02"):
        for replica in range(5):
            pod = Tetragon.workload("serving", "rerank", "Deployment", "serving/rerank", replica=replica)
            sensor = Tetragon(benign, f"gpu-node-{4 + replica % 2}", pod)
            sensor.read(at(clock, 70 * replica), *serve, weights, uid=1000)
            sensor.read(at(clock, 70 * replica + 3), *serve, "/mnt/models/rerank/tokenizer.json", uid=1000)
    backup = Tetragon(benign, "gpu-node-5", Tetragon.workload("ops", "backup", "CronJob", "ops/restic"))
    for n, path in enumerate([weights, "/mnt/models/fraud/v42/model.onnx", "/mnt/models/fraud/v42/calibration.pkl"]):
        backup.read(at("16:20:00", 45 * n), "/usr/bin/restic", "backup /mnt/models", path, uid=1900)
    return r


HUNTS = [unauthorized_tool_registration, duplicate_tool_names, tool_name_variations,
         import_path_manipulation, unauthorized_dataset_modifications, model_file_modifications, model_file_access]
