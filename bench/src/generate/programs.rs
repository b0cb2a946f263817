//! The programs that run in the estate and their command lines.

use super::template::Line;
use super::world::{Os, Role};

/// An executable with the roles that start it.
#[derive(Debug)]
pub struct Program {
    /// Share of all process events.
    pub weight: f64,
    /// File name of the executable.
    pub image: &'static str,
    /// Folder with its separator at the end.
    pub folder: &'static str,
    /// System that it runs on.
    pub os: Os,
    /// Roles that start it, the likeliest more than once.
    pub roles: &'static [Role],
    /// Median CPU time in seconds.
    pub cpu: f64,
    /// Arguments; the path of the executable is put in front.
    pub lines: &'static [Line],
}

use Os::{Linux, Windows};
use Role::{Developer, Office, Operator, Scientist, Service};

/// All programs.
pub const PROGRAMS: &[Program] = &[
    Program {
        weight: 9.0,
        image: "svchost.exe",
        folder: r"C:\Windows\System32\",
        os: Windows,
        roles: &[Office, Developer],
        cpu: 2.0,
        lines: &[
            Line(4.0, "-k netsvcs -p -s Schedule"),
            Line(3.0, "-k LocalServiceNetworkRestricted -p -s EventLog"),
            Line(2.0, "-k UnistackSvcGroup -s WpnUserService"),
            Line(2.0, "-k wsappx -p -s AppXSvc"),
        ],
    },
    Program {
        weight: 8.0,
        image: "chrome.exe",
        folder: r"C:\Program Files\Google\Chrome\Application\",
        os: Windows,
        roles: &[Office, Office, Developer],
        cpu: 6.0,
        lines: &[
            Line(
                5.0,
                "--type=renderer --lang=en-US --device-scale-factor=1 --num-raster-threads=4 --renderer-client-id={n} --launch-time-ticks={big}{big} --field-trial-handle={big},i,{big}{big},262144 /prefetch:1",
            ),
            Line(
                2.0,
                "--type=utility --utility-sub-type=network.mojom.NetworkService --lang=en-US --service-sandbox-type=none --field-trial-handle={big},i,{big}{big},262144 /prefetch:3",
            ),
            Line(
                1.0,
                "--type=gpu-process --gpu-preferences=UAAAAAAAAADgAAAEAAAAAAAAAAAAAAAAAABgAAEAAAA4AAAAAAAAAAAAAAAEAAAA --field-trial-handle={big},i,{big}{big},262144 /prefetch:2",
            ),
        ],
    },
    Program {
        weight: 4.0,
        image: "msedgewebview2.exe",
        folder: r"C:\Program Files (x86)\Microsoft\EdgeWebView\Application\131.0.2903.70\",
        os: Windows,
        roles: &[Office],
        cpu: 4.0,
        lines: &[Line(
            1.0,
            r"--embedded-browser-webview=1 --webview-exe-name=ms-teams.exe --user-data-dir=C:\Users\{user}\AppData\Local\Packages\MSTeams_8wekyb3d8bbwe\LocalCache\EBWebView --mojo-platform-channel-handle={big}",
        )],
    },
    Program {
        weight: 4.0,
        image: "conhost.exe",
        folder: r"C:\Windows\System32\",
        os: Windows,
        roles: &[Office, Developer, Operator],
        cpu: 0.1,
        lines: &[Line(1.0, "0xffffffff -ForceV1")],
    },
    Program {
        weight: 3.0,
        image: "powershell.exe",
        folder: r"C:\Windows\System32\WindowsPowerShell\v1.0\",
        os: Windows,
        roles: &[Office, Developer, Operator],
        cpu: 3.0,
        lines: &[
            Line(
                5.0,
                r"-NoProfile -ExecutionPolicy Bypass -File C:\ProgramData\Agent\Scripts\{word}_{word}.ps1",
            ),
            Line(
                3.0,
                "-NoLogo -NonInteractive -Command Get-{word}Item -Path HKLM:\\SOFTWARE\\Corp\\{word} | Select-Object -First {n}",
            ),
            Line(0.6, "-NoP -W Hidden -EncodedCommand {b64}{b64}"),
            Line(
                1.0,
                r"-Command Start-Process -FilePath C:\Users\{user}\Downloads\setup_{word}_{n}.{n}.{digit}.msi",
            ),
        ],
    },
    Program {
        weight: 3.0,
        image: "cmd.exe",
        folder: r"C:\Windows\System32\",
        os: Windows,
        roles: &[Developer, Operator, Office],
        cpu: 0.2,
        lines: &[
            Line(3.0, r#"/c "git -C C:\src\{word}-{word} status --porcelain=v2 --branch""#),
            Line(2.0, r#"/d /s /c "npm run build --workspace=packages/{pkg}""#),
            Line(2.0, r"/c C:\ProgramData\corp\logon\{word}.bat {host}"),
        ],
    },
    Program {
        weight: 3.5,
        image: "git.exe",
        folder: r"C:\Program Files\Git\cmd\",
        os: Windows,
        roles: &[Developer, Developer, Scientist],
        cpu: 0.3,
        lines: &[
            Line(4.0, "status -z -uall"),
            Line(
                3.0,
                "fetch --prune --no-tags origin +refs/heads/{word}-{word}:refs/remotes/origin/{word}-{word}",
            ),
            Line(2.0, "diff --no-color --unified=0 HEAD -- packages/{pkg}/src/{word}_{word}.ts"),
            Line(1.0, "log --format=%H%x00%an%x00%at -n {n} -- {word}/{word}.py"),
        ],
    },
    Program {
        weight: 4.0,
        image: "node.exe",
        folder: r"C:\Program Files\nodejs\",
        os: Windows,
        roles: &[Developer, Developer, Service],
        cpu: 8.0,
        lines: &[
            Line(
                4.0,
                r"C:\src\{word}-{word}\node_modules\typescript\lib\tsserver.js --useInferredProjectPerProjectRoot --cancellationPipeName C:\Users\{user}\AppData\Local\Temp\vscode-typescript\{hex8}\tscancellation.tmp*",
            ),
            Line(
                3.0,
                r"C:\src\{word}-{word}\node_modules\webpack\bin\webpack.js --mode production --config packages/{pkg}/webpack.config.js",
            ),
            Line(
                2.0,
                r"C:\src\{word}-{word}\node_modules\.bin\..\jest\bin\jest.js --runInBand packages/{pkg}/test/{word}.test.ts -t {word}",
            ),
            Line(
                0.8,
                r#"C:\agents\runner\dist\index.js --session {uuid} --tool-call {"name":"{tool}","arguments":{"id":{big}}}"#,
            ),
            Line(
                0.5,
                r"C:\Users\{user}\AppData\Roaming\npm\node_modules\@modelcontextprotocol\server-filesystem\dist\index.js C:\Users\{user}\Documents",
            ),
        ],
    },
    Program {
        weight: 7.0,
        image: "python.exe",
        folder: r"C:\Python311\",
        os: Windows,
        roles: &[Scientist, Scientist, Developer, Service],
        cpu: 240.0,
        lines: &[
            Line(
                14.0,
                r"C:\src\{word}-{word}\train.py --model {model} --epochs {n} --batch-size 6{digit} --lr 0.000{digit} --data D:\data\{data}.parquet --out D:\runs\{run}",
            ),
            Line(
                5.0,
                r"C:\src\ml-{word}\scripts\fit_keras.py --framework tensorflow --dataset D:\datasets\{data}\v{digit} --epoch {n} --seed {big}",
            ),
            Line(
                5.0,
                r"-m pytorch_lightning.cli fit --config C:\src\ml-{word}\conf\{model}.yaml --trainer.max_epochs {n} --ckpt_path D:\runs\{run}\last.ckpt",
            ),
            Line(
                12.0,
                r"-m ipykernel_launcher -f C:\Users\{user}\AppData\Roaming\jupyter\runtime\kernel-{uuid}.json",
            ),
            Line(
                12.0,
                r"-m pytest C:\src\{word}-{word}\tests\test_{word}_{word}.py -q -k {word} --maxfail={digit}",
            ),
            Line(
                8.0,
                r"-m pip install --no-cache-dir --index-url https://pypi.corp.example/simple {pkg}=={digit}.{n}.{digit}",
            ),
            Line(
                8.0,
                r"C:\src\etl\{word}_pipeline.py --date 2026-10-{n} --source {data} --target s3://corp-lake/{data}/part-{part}.parquet",
            ),
            Line(
                4.0,
                r"-c import pandas as pd; df = pd.concat([pd.read_csv(r'D:\data\{data}_{n}.csv'), pd.read_csv(r'D:\data\{data}_{n}.csv')]); df.to_parquet(r'D:\data\{data}.parquet')",
            ),
            Line(
                1.5,
                r"C:\src\eval\evaluate.py --checkpoint D:\runs\{run}\step_{big}.pt --suite {data} --report C:\Users\{user}\reports\{word}.html",
            ),
            Line(
                2.0,
                r"C:\src\ml-{word}\export_model.py --checkpoint D:\runs\{run}\step_{big}.pt --save D:\models\{model}\{run}.onnx --opset 17",
            ),
            Line(
                1.0,
                r"-c import torch; m = torch.load(r'D:\checkpoints\{run}.pth'); torch.save(m.state_dict(), r'C:\Users\{user}\Desktop\{model}-weights.pt')",
            ),
            Line(
                4.0,
                r"-m uvicorn app.main:app --host 0.0.0.0 --port 8{digit}{digit}{digit} --workers 4 --log-level info",
            ),
            Line(
                3.0,
                r#"C:\agents\worker\run_agent.py --session {uuid} --tool-call {"name":"{tool}","input":{"query":"{word} {word}"}}"#,
            ),
            Line(
                0.6,
                r"C:\agents\worker\sandbox_exec.py --timeout {n} --workdir C:\agents\tmp\{uuid} --script step_{digit}.py",
            ),
            Line(
                0.5,
                r"-c import subprocess; subprocess.run(['powershell','-c','Get-Content C:\logs\{word}.log -Tail {n}'])",
            ),
            Line(0.6, r"C:\src\prompts\encode_batch.py --provider openai --model gpt-4o --b64 {b64}"),
            Line(0.5, r"-m mcp_server_{word} --register-tool {tool} --transport stdio"),
            Line(
                0.06,
                r"-m mcp_server_{word} --register-tool {tool} --transport http --note malicious-sample-{n}",
            ),
            Line(0.05, r"-c from tool_shim import mimic; mimic(tool_name='{tool}', hook=os.system)"),
            Line(0.04, r"-c spoof(function_name='{tool}', impl=lambda q: subprocess.check_output(q))"),
            Line(
                0.03,
                r"C:\src\robustness\run_attack.py --lib foolbox --attack fgsm --eps 0.0{digit} --model {model}",
            ),
            Line(
                0.05,
                r"C:\src\robustness\art_eval.py --attack pgd --adversarial --steps {n} --model {model}",
            ),
            Line(0.3, r"C:\src\quality\partition_report.py --perturb {digit} --start 2026-10-{n}"),
            Line(
                0.4,
                r"C:\src\serve\predict.py --inference-batch {big} --model {model} --device cuda:{digit}",
            ),
        ],
    },
    Program {
        weight: 0.9,
        image: "jupyter.exe",
        folder: r"C:\Python311\Scripts\",
        os: Windows,
        roles: &[Scientist],
        cpu: 60.0,
        lines: &[
            Line(3.0, r"lab --no-browser --port 88{n} --notebook-dir C:\Users\{user}\notebooks"),
            Line(2.0, r"nbconvert --execute --to html C:\Users\{user}\notebooks\train_{model}.ipynb"),
            Line(1.0, r"nbconvert --execute C:\Users\{user}\notebooks\pandas_merge_{data}.csv.ipynb"),
        ],
    },
    Program {
        weight: 1.0,
        image: "python3.exe",
        folder: r"C:\Users\Public\miniforge3\",
        os: Windows,
        roles: &[Scientist, Service],
        cpu: 300.0,
        lines: &[
            Line(
                3.0,
                r"D:\jobs\train_sklearn.py --model {model} --fold {digit} --data D:\training\{data}.csv",
            ),
            Line(2.0, r"D:\jobs\featurize.py --dataset {data} --shard {part}"),
            Line(1.0, r"-m conda run -n ml-{word} python -V"),
        ],
    },
    Program {
        weight: 1.2,
        image: "bash.exe",
        folder: r"C:\Program Files\Git\usr\bin\",
        os: Windows,
        roles: &[Developer, Scientist],
        cpu: 0.5,
        lines: &[
            Line(4.0, r"--login -i -c 'cd /c/src/{word}-{word} && make {word} -j{digit}'"),
            Line(1.0, r"-c './scripts/function_invoke.sh {tool} --id {big} --user {user}'"),
            Line(1.0, r"-c 'cat /c/logs/{word}/{word}.log | grep -i {word} | tail -n {n}'"),
        ],
    },
    Program {
        weight: 1.3,
        image: "kubectl.exe",
        folder: r"C:\tools\k8s\",
        os: Windows,
        roles: &[Operator, Operator, Developer],
        cpu: 0.6,
        lines: &[
            Line(6.0, "--context prod-fra -n {ns} get pods -o wide"),
            Line(3.0, "-n {ns} logs deploy/{word}-{word} --tail={n} --since=1{digit}m"),
            Line(2.0, "-n {ns} apply -f deployment/{word}-{word}.yaml --server-side"),
            Line(1.5, "-n {ns} exec -it pod/{word}-{hex8} -- /bin/sh"),
            Line(1.0, "-n {ns} create job {word}-{n} --from=cronjob/{word}"),
            Line(2.0, "-n {ns} describe node gpu-node-{n}"),
            Line(
                0.6,
                "-n {ns} run debug-{hex8} --image=registry.corp.example/tools/netshoot:v{digit} --restart=Never --pod-running-timeout=2m",
            ),
        ],
    },
    Program {
        weight: 1.0,
        image: "docker.exe",
        folder: r"C:\Program Files\Docker\Docker\resources\bin\",
        os: Windows,
        roles: &[Developer, Operator],
        cpu: 1.0,
        lines: &[
            Line(4.0, "compose -f docker-compose.{word}.yml up -d --build"),
            Line(3.0, "ps --format {{json .}}"),
            Line(
                3.0,
                "build --pull -t registry.corp.example/{word}/{word}:{hex8} --build-arg VERSION={digit}.{n} .",
            ),
            Line(2.0, "run --rm -v C:\\src:/work registry.corp.example/ci/{word}:latest make {word}"),
            Line(
                0.12,
                "run --rm --privileged -v /var/run/docker.sock:/var/run/docker.sock registry.corp.example/tools/{word}:{n}",
            ),
            Line(
                0.2,
                "run -d --cap-add SYS_PTRACE --security-opt seccomp=unconfined --name dbg-{hex8} registry.corp.example/{word}:{n}",
            ),
        ],
    },
    Program {
        weight: 4.0,
        image: "Code.exe",
        folder: r"C:\Users\Public\VSCode\",
        os: Windows,
        roles: &[Developer, Scientist],
        cpu: 20.0,
        lines: &[Line(
            1.0,
            r"--type=utility --utility-sub-type=node.mojom.NodeService --lang=en-US --user-data-dir=C:\Users\{user}\AppData\Roaming\Code --field-trial-handle={big},i,{big}{big}",
        )],
    },
    Program {
        weight: 2.5,
        image: "OUTLOOK.EXE",
        folder: r"C:\Program Files\Microsoft Office\root\Office16\",
        os: Windows,
        roles: &[Office],
        cpu: 30.0,
        lines: &[Line(1.0, "/recycle"), Line(1.0, r"/eml C:\Users\{user}\Downloads\{word} {word}.eml")],
    },
    Program {
        weight: 3.0,
        image: "backgroundTaskHost.exe",
        folder: r"C:\Windows\System32\",
        os: Windows,
        roles: &[Office, Developer],
        cpu: 0.4,
        lines: &[
            Line(1.0, "-ServerName:App.AppX{hex8}{hex8}.mca"),
            Line(2.0, "-ServerName:BackgroundTaskHost.WebAccountProvider"),
        ],
    },
    Program {
        weight: 1.5,
        image: "java.exe",
        folder: r"C:\Program Files\Eclipse Adoptium\jdk-21\bin\",
        os: Windows,
        roles: &[Developer],
        cpu: 90.0,
        lines: &[Line(
            1.0,
            r"-Xmx4g -Dfile.encoding=UTF-8 -cp C:\Users\{user}\.gradle\caches\modules-2\files-2.1\{word}-{word}-{digit}.{n}.jar org.gradle.launcher.daemon.bootstrap.GradleDaemon 8.{digit}",
        )],
    },
    Program {
        weight: 6.0,
        image: "python3",
        folder: "/usr/bin/",
        os: Linux,
        roles: &[Service, Scientist, Service],
        cpu: 400.0,
        lines: &[
            Line(
                5.0,
                "/srv/train/train.py --model {model} --epochs {n} --data /data/{data}/ --output /checkpoints/{run} --world-size 8 --rank {digit}",
            ),
            Line(
                4.0,
                "-m vllm.entrypoints.openai.api_server --model /models/{model} --port 8000 --tensor-parallel-size {digit} --gpu-memory-utilization 0.9",
            ),
            Line(
                4.0,
                "/opt/airflow/venv/bin/airflow tasks run {data}_daily {word}_{word} scheduled__2026-10-{n}T00:00:00+00:00 --local --subdir DAGS_FOLDER/{data}.py",
            ),
            Line(3.0, "-m feast materialize-incremental 2026-10-{n}T0{digit}:00:00 --views {data}"),
            Line(2.0, "/srv/agents/runtime/worker.py --queue {word} --session {uuid} --max-steps {n}"),
            Line(
                2.0,
                "-c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd={n}, pipe_handle={n}) --multiprocessing-fork",
            ),
            Line(1.0, "/srv/etl/export.py --table {data} --format parquet --blob {b64}"),
        ],
    },
    Program {
        weight: 6.0,
        image: "bash",
        folder: "/usr/bin/",
        os: Linux,
        roles: &[Service, Operator, Developer],
        cpu: 0.1,
        lines: &[
            Line(4.0, "-c set -euo pipefail; cd /builds/{word}/{word}-{word}; make {word} VERBOSE={digit}"),
            Line(3.0, "/usr/local/bin/healthcheck.sh --service {word}-{word} --timeout {n}"),
            Line(
                2.0,
                "-lc source /opt/conda/etc/profile.d/conda.sh && conda activate ml-{word} && python train.py --model {model}",
            ),
            Line(0.3, "-c echo {b64} | base64 -d | tar -xz -C /tmp/{hex8}"),
        ],
    },
    Program {
        weight: 5.0,
        image: "sh",
        folder: "/bin/",
        os: Linux,
        roles: &[Service],
        cpu: 0.05,
        lines: &[
            Line(4.0, "-c /usr/bin/test -f /run/{word}.ready"),
            Line(2.0, "-c wget -q -O - http://127.0.0.1:8080/healthz | grep -q ok"),
            Line(1.0, "/docker-entrypoint.sh {word} --config /etc/{word}/{word}.yaml"),
        ],
    },
    Program {
        weight: 5.0,
        image: "runc",
        folder: "/usr/bin/",
        os: Linux,
        roles: &[Service],
        cpu: 0.1,
        lines: &[Line(
            1.0,
            "--root /run/containerd/runc/k8s.io --log /run/containerd/io.containerd.runtime.v2.task/k8s.io/{hex64}/log.json --log-format json exec --process /tmp/runc-process{big} --detach --pid-file /run/containerd/{hex8}.pid {hex64}",
        )],
    },
    Program {
        weight: 2.0,
        image: "containerd-shim-runc-v2",
        folder: "/usr/bin/",
        os: Linux,
        roles: &[Service],
        cpu: 0.5,
        lines: &[Line(1.0, "-namespace k8s.io -id {hex64} -address /run/containerd/containerd.sock")],
    },
    Program {
        weight: 2.5,
        image: "git",
        folder: "/usr/bin/",
        os: Linux,
        roles: &[Service, Developer],
        cpu: 0.3,
        lines: &[
            Line(2.0, "fetch --depth 1 origin {hex8}{hex8}{hex8}{hex8}{hex8}"),
            Line(
                1.0,
                "clone --branch {word}-{word} https://git.corp.example/{word}/{word}.git /builds/{word}",
            ),
        ],
    },
    Program {
        weight: 1.5,
        image: "curl",
        folder: "/usr/bin/",
        os: Linux,
        roles: &[Service, Operator],
        cpu: 0.1,
        lines: &[
            Line(2.0, "-fsS --retry 3 https://registry.corp.example/v2/{word}/{word}/manifests/{hex8}"),
            Line(
                1.0,
                "-s -X POST -H Content-Type:application/json -d {\"event\":\"{word}\",\"value\":{big}} http://collector.monitoring:4318/v1/logs",
            ),
        ],
    },
    Program {
        weight: 1.0,
        image: "kubectl",
        folder: "/usr/local/bin/",
        os: Linux,
        roles: &[Operator, Service],
        cpu: 0.5,
        lines: &[
            Line(3.0, "-n {ns} get pods -l app={word} -o json"),
            Line(1.0, "-n {ns} rollout status deployment/{word}-{word} --timeout={n}s"),
        ],
    },
    Program {
        weight: 1.5,
        image: "java",
        folder: "/usr/lib/jvm/java-21/bin/",
        os: Linux,
        roles: &[Service],
        cpu: 200.0,
        lines: &[Line(
            1.0,
            "-Xmx8g -XX:+UseG1GC -cp /opt/spark/jars/* org.apache.spark.executor.CoarseGrainedExecutorBackend --driver-url spark://CoarseGrainedScheduler@{word}:7078 --executor-id {n} --app-id spark-{hex8}{hex8}",
        )],
    },
];
