#!/usr/bin/env python3
"""Writes the held-out scenario families: attacks and harmless look-alikes no rule was written against.

Every family has three attacks and three look-alikes, seeded, in the true formats of their sources. They were written
from the descriptions of the attack classes, without reading the rules, and are not changed to suit a rule.

    make_scenarios.py            writes the folders beside this file
    make_scenarios.py --verify   compares them with what it would write, exit 1 where they differ

`missed:` in a scenario.yaml is written by hand after a run and is kept.
"""

import pathlib
import sys
import textwrap

sys.dont_write_bytecode = True  # The folder holds scenarios and nothing else.

import families_agents as agents
import families_cloud as cloud
import families_second as second
from records import Variant

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 120 * 1024
LIMIT_SECOND = 400 * 1024  # Longer histories before the attack.

# Class, ATLAS techniques, what happens, what is assumed.
FAMILIES = {
    cloud.dormant_pipeline_account: ("behaviour", ["AML.T0012", "AML.T0126"],
        "A service account has read the same bucket by the same job each night for nine days. Then it is used at another hour from another address with another tool. It lists all buckets and reads evaluation sets, embeddings and weights.",
        "Data access audit logs of Cloud Storage are on. The look-alike is a rerun of the same job at another hour."),
    agents.agent_spends_in_a_loop: ("behaviour", ["AML.T0034.002"],
        "A planning agent is made to split every task again and again by the text of a tool. Its requests grow from one thousand to some two hundred thousand tokens within minutes. Its key had two small requests a day before.",
        "The gateway logs tokens per request. The look-alike is a planned larger job of the same key, four requests of ten thousand tokens."),
    cloud.sidecar_hop_before_model: ("behaviour", ["AML.T0040", "AML.T0006"],
        "Only the API gateway has talked to the model. A workload of another kind probes the gateway, the vector store and the model with small requests. Then it sends the model long prompts itself.",
        "Sidecars log both ends by identity. The look-alike is the gateway's own burst."),
    cloud.leaked_key_other_region: ("credential_access", ["AML.T0012", "AML.T0034"],
        "The access key of a summary service calls one small model in one region for nine days. Somebody else uses it from another address, with the SDK of another language, in another region. They stream from a large model and run into its throttle.",
        "No enumeration comes first, unlike the recorded abuse of Bedrock. The look-alike is the service itself, moved to a second region."),
    agents.agent_reads_secrets_posts_them: ("credential_access", ["AML.T0098", "AML.T0055"],
        "A coding agent follows instructions in a repository it was told to work on. It reads a secret with a search, a git command or a file tool. Then it sends the secret out by a web fetch, by the name of a DNS lookup or by curl.",
        "The session's transcript is collected. The look-alikes use the same tools on harmless names."),
    agents.notebook_reads_neighbours_keys: ("credential_access", ["AML.T0055"],
        "A user of a notebook reads the environment or memory of another process, the mounted token of the pod, or the stored tokens of model hubs. Ordinary command-line tools are used. Nothing is sent anywhere yet.",
        "Tetragon sees process starts and reads of files named by its policy."),
    cloud.airflow_backfill_from_other_path: ("data_poisoning", ["AML.T0020"],
        "A person points a variable or connection of a training-set pipeline to another place. Finished runs of past days are cleared or backfilled, so that old partitions are built again from there. The setting is put back nine minutes later.",
        "Airflow's audit table is collected with its extra column. The look-alike is a backfill of failed tasks without a changed setting."),
    cloud.delta_quiet_relabel: ("data_poisoning", ["AML.T0020", "AML.T0059"],
        "A label table gets one append a day by its pipeline. A person updates or merges a few dozen rows chosen by a trigger phrase, a remainder of the id or two merchants. The next append follows as if nothing had happened.",
        "The writers put a user name into the commit. The look-alikes are the deletion of a customer, packing of files and a late merge by the pipeline."),
    cloud.lineage_second_input: ("data_poisoning", ["AML.T0020"],
        "The job that builds a training set has had the same two inputs for eight days. One run also reads a scratch folder or a public mirror. The model is trained on its output.",
        "Lineage names all inputs. The look-alike has the same inputs and a row count that varies."),
    cloud.debug_container_in_serving_pod: ("infrastructure", ["AML.T0112", "AML.T0050"],
        "A person who never touched the serving namespace patches an ephemeral container with a public toolbox image into a running predictor. It gets rights to trace processes. They attach to it and read the serving configuration.",
        "The audit policy logs pods at level Request. The look-alike is the on-call engineer with the company's debug image in staging."),
    cloud.ray_job_from_outside: ("infrastructure", ["AML.T0049", "AML.T0050"],
        "A Ray cluster's job interface is reachable through the ingress. A stranger asks for version and status and submits a job. The worker then starts a shell which fetches and runs a program, opens a reverse shell or starts a miner.",
        "The mesh logs the request, Tetragon the processes of the head. The look-alike is a job a notebook submits."),
    cloud.image_tag_moved: ("infrastructure", ["AML.T0010.004"],
        "A serving image gets one new tag a day from the build robot. The tag in production is pushed again with another digest from another address and by another tool. The kubelet pulls it minutes later.",
        "The registry sends notifications. The look-alike is a release that also moves the tag stable."),
    agents.schema_only_rug_pull: ("mcp", ["AML.T0109", "AML.T0110"],
        "A ticket server has offered the same tools for four days. Then one tool's input schema asks for a further required value: the conversation, keys or file contents. Name, description and version stay as they were.",
        "The tap sees tools/list. The look-alike is a new version with an optional parameter."),
    agents.sampling_drain: ("mcp", ["AML.T0034", "AML.T0057"],
        "A server that had never asked the client's model does so eight times in half a minute. It asks for the conversation of all servers as JSON, or for long texts of its own. The client answers.",
        "The client allows sampling without a question. The look-alike has always asked for short summaries of what it read."),
    cloud.checkpoint_swapped_after_training: ("model_poisoning", ["AML.T0018", "AML.T0010.003"],
        "A training job writes its weights each morning and the deployment reads them half an hour later. Between the two a person's notebook role overwrites or copies over the file. The endpoint is updated with it.",
        "S3 data events are on. The look-alike is the training job itself writing again."),
    cloud.adapter_from_stranger_promoted: ("model_poisoning", ["AML.T0018", "AML.T0010.003"],
        "Eight versions of an adapter came from runs, passed their gate and were made live half an hour later. The ninth comes from a public hub, a home folder or a strange bucket, without a run. It is made live two minutes later without the gate.",
        "MLflow's webhooks are on. The look-alike is an ordinary version at an odd hour."),
    agents.federated_update_outsized: ("model_poisoning", ["AML.T0018"],
        "Four sites send a gradient of the same size once per round. In the last round one site sends five times, six times the size, or weights in place of a gradient. The aggregate is given out.",
        "The sidecar of federated learning reports kind, size and round. The look-alike is a site that sends its round late."),
    cloud.rclone_under_other_name: ("model_theft", ["AML.T0025", "AML.T0035"],
        "Checkpoints are backed up each night with rclone. A renamed rclone, azcopy or the MinIO client is started from a shell and reads the shards one after another. It talks to a host outside.",
        "Tetragon sees starts, reads and connections. The look-alikes copy the same files to hosts of the company."),
    cloud.presigned_download: ("model_theft", ["AML.T0025", "AML.T0035"],
        "A person signs long-lived links to the shards of a model. A download tool outside fetches them in ranges. The serving role reads the same shards each morning.",
        "S3 server access logs are on. The look-alike is a link of fifteen minutes to a model card, opened in a browser."),
    cloud.training_volume_shared: ("model_theft", ["AML.T0025"],
        "The backup role takes a snapshot of the training volume each night and shares it with the recovery account. A notebook user takes one more and shares it with an account nobody knows. Nothing is read within the company's own account.",
        "CloudTrail management events only. The look-alike is a further snapshot by the backup role to the same account."),
    cloud.weights_through_dns: ("model_theft", ["AML.T0025"],
        "An inference pod asks for long random names below one zone. The names carry pieces of a file. The pod has asked for three names in the days before.",
        "Hubble shows DNS. The look-alike warms up many buckets or names with search domains."),
    cloud.extraction_by_sweep: ("model_theft", ["AML.T0024", "AML.T0024.002"],
        "An endpoint gets single scorings of customers. Then it gets a grid: amounts and tenures in even steps for two countries, from once a second to once in minutes. The answers have six digits.",
        "Request and response logging of the endpoint is on, without the caller. The look-alike is batch scoring of customers at the same rate."),
    agents.error_text_in_other_language: ("prompt_injection", ["AML.T0051"],
        "A page's error text in German, Japanese or Portuguese tells the assistant to forget its rules and to send a key file or the environment away. The text comes back as a tool's error. The next call does it.",
        "The tap sees results and arguments. The look-alikes are ordinary error texts in the same languages."),
    agents.rag_page_with_image_beacon: ("prompt_injection", ["AML.T0051", "AML.T0077"],
        "A passage from the wiki asks language models to end answers with an image or link that carries the user's question or customer names. The answers do. It has no word of ignoring instructions.",
        "The gateway logs messages with their roles. The look-alikes speak of injection, show diagrams of the company's own wiki, or ask readers to ignore an old page."),
    agents.memory_planted_from_mail: ("prompt_injection", ["AML.T0080", "AML.T0051"],
        "A mail gives the assistant a standing rule: an account number, a hidden copy, a waiver of approvals. The agent writes it into long-term memory. A day later another session finds the rule and acts on it.",
        "The runtime reports reads and writes of memory. The look-alikes are mails with facts, kept as facts."),
    agents.arguments_beyond_the_tool: ("tool_confusion", ["AML.T0053"],
        "A tool that looks up a metric is called with SQL, a shell command or a lookup of a directory server. A tool that writes reports is called with a path that leaves its folder. The second call succeeds.",
        "The tap sees arguments. The look-alikes have quotes, semicolons and harmless relative paths."),
    agents.crm_to_public_poster: ("tool_confusion", ["AML.T0086", "AML.T0053"],
        "Asked to post a count in the team's channel, an agent reads all contacts and posts them by a tool of a public server it has not used before. The tools' names and servers differ from the six days before. The user asked for the same as ever.",
        "The runtime reports tools with their servers. The look-alikes post the count to the channel or the wiki."),
    agents.text_hidden_in_schema: ("tool_poisoning", ["AML.T0110", "AML.T0051"],
        "The visible description of a converter is harmless. Instructions stand in a default value, in invisible tag characters or in the title of an output field. The definition is the same on each day, so nothing changes.",
        "The tap sees whole definitions. The look-alikes have capitals, emoji with joiners and usage notes in an output field."),
    agents.server_package_turns: ("tool_poisoning", ["AML.T0110", "AML.T0010.005"],
        "A local server's package is started by npx each day and runs git. After a new version it packs keys, prints its environment into a request or searches for models and secrets. It connects to a host outside.",
        "Tetragon runs on the developers' machines. The look-alike is the new version running git."),
    agents.second_server_same_verbs: ("tool_shadowing", ["AML.T0074", "AML.T0110"],
        "Beside a known server a second one is connected under a confusable name. It offers tools of the same names. The agent uses it and tells it something secret.",
        "The tap covers both connections. The look-alike is the staging instance of the same image."),
    cloud.site_packages_shadow: ("tool_shadowing", ["AML.T0010.001", "AML.T0011"],
        "A start-up hook, a sitecustomize module or a changed package is written where Python loads it first. No installer does it, but python -c, tee or cp. The next training run loads it.",
        "The audit rules watch writes below site-packages and the project. The look-alikes are pip's own writes."),
    cloud.build_to_endpoint_chain: ("attack_chain", ["AML.T0010", "AML.T0025"],
        "A person from outside gets a token, a member or an approval into the repository, overrides the branch protection and runs the release. The serving deployment gets an image by digest. The new pod then talks to a host it never talked to.",
        "Repository, cluster and network are connected to the same store. The look-alike is an ordinary release."),
    agents.issue_to_exfil_chain: ("attack_chain", ["AML.T0051", "AML.T0086"],
        "An issue in a public repository asks whoever triages it to post a file of a private repository, politely. The agent reads the file with its own rights. It posts the content as a comment.",
        "The tap sees all three calls. The look-alikes ask for a file of the same public repository."),
    cloud.boundary_walk: ("adversarial_input", ["AML.T0043", "AML.T0015"],
        "A classifier of links gets one input again and again, each time a few per cent different in one field. The score falls slowly below one half. Ordinary traffic before has nothing in common from one request to the next.",
        "Request and response logging is on, without the caller. The look-alikes are a health check and ordinary traffic at the same rate."),
    agents.filter_evaded_by_letters: ("adversarial_input", ["AML.T0015", "AML.T0068"],
        "Somebody asks a bank's help desk for card numbers and is blocked. The same sentence comes back with digits for letters, with letters of other alphabets, reversed or with invisible characters. The fourth form is answered.",
        "The gateway logs the guardrail's verdict. The look-alikes are customers writing in other scripts and with emoji."),
}

FAMILIES.update(second.FAMILIES)

# Attacks found in the first run, when no rule had been written with a family in sight; none of those left out.
FOUND_FIRST = {"schema_only_rug_pull": 3, "text_hidden_in_schema": 1, **second.FOUND_FIRST}

# Families whose records had to be mended after the first run: what was wrong.
CHANGED = {
    cloud.rclone_under_other_name: "The events of one process had different execution ids, which Tetragon never writes.",
}


def is_developed(make):
    """Whether rules were written with a family in sight after the first run: those of the first set, at first the ones
    whose name has an even hash, later the others too."""
    return make not in second.FAMILIES


def yaml_text(name, text):
    lines = textwrap.wrap(text, 116, break_on_hyphens=False)
    return f"{name}: >-\n" + "".join(f"  {line}\n" for line in lines)


def family_files(make):
    kind, techniques, story, assumed = FAMILIES[make]
    files = {"scenario.yaml": f"id: {make.__name__}\nclass: {kind}\natlas: [{', '.join(techniques)}]\n" + yaml_text("story", story) + yaml_text("assumed", assumed)}
    if make in CHANGED:
        files["scenario.yaml"] += yaml_text("changed", CHANGED[make])
    files["scenario.yaml"] += f"found_first: {FOUND_FIRST.get(make.__name__, 0)}\n"
    if is_developed(make):
        files["scenario.yaml"] += "developed: true\n"
    for variant in ("attack", "benign"):
        for number in (1, 2, 3):
            v = Variant(make.__name__, variant, number)
            make(v)
            files.update({f"{variant}-{number}/{name}": text for name, text in v.files().items()})
    return files


def main():
    verify, wrong = "--verify" in sys.argv[1:], []
    expected = set()
    for make in FAMILIES:
        files = family_files(make)
        if (size := sum(len(text.encode()) for text in files.values())) > (LIMIT_SECOND if make in second.FAMILIES else LIMIT):
            sys.exit(f"{make.__name__}: {size} bytes are more than are kept")
        for name, text in files.items():
            path = HERE / make.__name__ / name
            expected.add(path)
            there = path.read_text(encoding="utf-8") if path.exists() else None
            if name == "scenario.yaml" and there and "\nmissed:" in there:
                text += "missed:" + there.split("\nmissed:", 1)[1]
            if there == text:
                continue
            if verify:
                wrong.append(path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    wrong += [p for p in HERE.glob("*/**/*") if p.is_file() and p.parts[len(HERE.parts)] != "__pycache__" and p not in expected]
    for path in sorted(wrong):
        print(f"{path.relative_to(HERE)}: differs from what the generator writes", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
