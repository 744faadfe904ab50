# What runs on a box, as one JSON text (infra/operate/boxStatus.ts describes it). Reads only, and prints no secret: of the
# containers' environment, configuration and requests nothing is read.
#   python3 - HOME     the folder of releases
import json, os, re, subprocess, sys, time

home = sys.argv[1]


def said(*command):
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=20)
    return ran.stdout.strip() if ran.returncode == 0 else ""


def text_of(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def memory():
    kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB", text_of("/proc/meminfo"), re.M))
    names = {"total": "MemTotal", "free": "MemAvailable", "swap_total": "SwapTotal", "swap_free": "SwapFree"}
    return {name: int(kilobytes.get(key, 0)) * 1024 for name, key in names.items()}


def disk(path):
    found = os.statvfs(path)
    return {"path": path, "total": found.f_blocks * found.f_frsize, "free": found.f_bavail * found.f_frsize}


def copied(state):
    """When all that was committed was in the bucket: the container's health check asks for a copy and waits for it."""
    ends = [check["End"] for check in state.get("Health", {}).get("Log") or [] if check["ExitCode"] == 0]
    return ends[-1] if ends else None


def retires(name):
    """Whether it ends in the background because another has taken over."""
    places = {"ovth-front-": "fronts", "ovth-gateway-": "releases"}
    return any(
        name.startswith(begin) and os.path.exists("%s/%s/%s/retiring" % (home, folder, name[len(begin):]))
        for begin, folder in places.items()
    )


def container(found):
    state = found["State"]
    name = found["Name"].lstrip("/")
    return {
        "name": name,
        "image": found["Config"]["Image"],
        "state": state["Status"],
        "health": state.get("Health", {}).get("Status", ""),
        "since": state["StartedAt"],
        "restarts": found["RestartCount"],
        "release": found["Config"]["Labels"].get("ovth.release", ""),
        "retires": retires(name),
        **({"copied": copied(state)} if name == "ovth-backup" else {}),
    }


def containers():
    ids = said("docker", "ps", "--all", "--quiet", "--filter", "name=ovth-").split()
    return sorted(map(container, json.loads(said("docker", "inspect", *ids) or "[]")), key=lambda each: each["name"]) if ids else []


def errors(name):
    """The lines of severity error or worse: the gateway's and Caddy's log are both JSON, a line each."""
    found = []
    for line in said("docker", "logs", "--tail", "20000", name).splitlines():
        if '"level":"error"' not in line and '"level":"fatal"' not in line:
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        when = entry.get("time", entry.get("ts", 0))
        seconds = when / 1000 if when > 1e11 else when
        words = [str(entry.get(key, "")) for key in ("msg", "error", "err")]
        found.append({"at": seconds, "from": name, "text": ": ".join(filter(None, words))[:300]})
    return found


def deploy():
    """The last update that ended, and the files that are not as it left them."""
    try:
        repairs = json.loads(text_of(home + "/current/config/deploy.json"))["repairs"]
    except (ValueError, KeyError, TypeError):
        repairs = None
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "applied.sha256"], cwd=home if os.path.isdir(home) else "/",
                             capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    changed = re.findall(r"^(.+): FAILED(?: open or read)?$", checked.stdout, re.M)
    return {"ended": seconds_of(home + "/applied.sha256"), "repairs": repairs, "changed": changed}


def seconds_of(path):
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def main():
    here = containers()
    running = [each["name"] for each in here if each["state"] == "running"]
    boot = int(re.search(r"^btime (\d+)", text_of("/proc/stat"), re.M).group(1))
    uptime = float(text_of("/proc/1/stat").rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    print(json.dumps({
        "server": {
            "name": os.uname().nodename,
            # Since process 1 was started: in a container the kernel is older.
            "booted": boot + uptime,
            "now": time.time(),
            "clock": said("timedatectl", "show", "--property", "NTPSynchronized", "--value") == "yes",
            "reboot_required": os.path.exists("/run/reboot-required"),
            "reboot_window": re.sub(r"^OnCalendar=", "", said("systemctl", "show", "--property", "TimersCalendar", "--value", "ovth-reboot.timer")),
            "upgraded": seconds_of("/var/lib/apt/periodic/unattended-upgrades-stamp"),
        },
        "memory": memory(),
        "disks": [disk(path) for path in ("/", "/mnt/data") if os.path.ismount(path)],
        "deploy": deploy(),
        "containers": here,
        "errors": sorted((each for name in running for each in errors(name)), key=lambda each: each["at"])[-10:],
    }))


main()
