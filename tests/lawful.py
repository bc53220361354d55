"""A training command that trains nothing: it takes a width, or builds the width nearest to N, and reports a law's loss.

The best size by its law is 3.6 times besiroglu2024's at 1e16 FLOPs and 3.0 times at 1e18.
"""

from isoflop.experiments.study import open_study

TRUTH = {"E": 1.6, "A": 2000.0, "alpha": 0.40, "B": 1500.0, "beta": 0.36}
TRAIN = """
import json, math, random, sys
told = dict(zip(sys.argv[1::2], map(float, sys.argv[2::2])))
with open("started.txt", "a") as stream:
    print(*sys.argv[1:], file=stream)
width = told.get("--width") or 8 * round(math.sqrt(told["--params"] / 24) / 8)
N, D = 24 * width**2, told["--tokens"] if "--tokens" in told else 1024 * told["--steps"]
noise = random.Random(f"{N} {D}").gauss(0, 0.002)
print(json.dumps({"N": N, "D": D, "loss": (1.6 + 2000 / N**0.40 + 1500 / D**0.36) * math.exp(noise)}))
"""
QUICK = ["{python}", "-S", "-E", "train.py"]


def lawful(folder, command, text):
    """Write a study of the command above and give it; `text` is the rest of study.toml."""
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(TRAIN)
    (folder / "study.toml").write_text(f'name = "lawful"\ncommand = {QUICK + command}\nworkers = 2\n{text}')
    return open_study(folder)


def best_size(C):
    """Give the best N for a budget by the law above, in closed form."""
    a, b = TRUTH["alpha"], TRUTH["beta"]
    return (a * TRUTH["A"] / (b * TRUTH["B"])) ** (1 / (a + b)) * (C / 6) ** (b / (a + b))
