import os
import subprocess
import sys

STATE = "import sys; print(sys.argv, sys.flags.isolated, sys.stdin.read(), __name__, len(sys.modules) > 10)"


def run(*arguments, **named):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **named)
    print(done.returncode, done.stdout, done.stderr.splitlines()[-1:], flush=True)


run("-c", STATE, "argument", input="given")
run("-I", "-c", STATE, input="")
run("-c", "import os; print(sorted(name for name in os.environ if 'CODETRACER' in name))")
run("-c", "1 / 0")
run("-m", "package", "x")
run("-c", "import os; print(sorted(os.environ))", env={"ONLY": "this"})
run("-c", "import os, sys; os.kill(os.getpid(), 15)")
run("-c", "import sys; print(sys.gettrace(), sys.monitoring.get_tool(3), 'codetracer_python_recorder' in sys.modules)")
reader, writer = os.pipe()
process = subprocess.Popen(
    [sys.executable, "-c", f"import os; os.write({writer}, b'through a pipe')"],
    pass_fds=[writer],
    preexec_fn=lambda: os.umask(0o77),
)
os.close(writer)
print(process.wait(), os.read(reader, 100))
print(subprocess.check_output("echo $0 shell; exit 0", shell=True))
sys.stdout.flush()
subprocess.run([sys.executable, "-c", "print('straight through'); import sys; print('error', file=sys.stderr)"])
print(os.waitstatus_to_exitcode(os.system(f"{sys.executable} -c 'exit(3)'")), os.popen("echo popen").read())
child = os.posix_spawn(sys.executable, [sys.executable, "-c", "print('spawned')"], os.environ)
print(os.waitpid(child, 0)[1])
process = subprocess.Popen([sys.executable, "-i", "-q"], stdin=-1, stdout=-1, stderr=-1, text=True)
print(process.communicate("print(1 + 1)\nexit(4)\n")[0], process.returncode)
