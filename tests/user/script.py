"""What a user writes, cell by cell: run as a notebook, and held to mypy's strict rules."""

# %%
import numpy as np

import toile

rng = np.random.default_rng(0)
y = np.arange(240) % 3
X = rng.integers(0, 120, (240, 8, 8), dtype=np.uint8)
X[np.arange(240), 3 * y] += 100
X, X_test, y, y_test = X[:200], X[200:], y[:200], y[200:]
names = ["<top>", "middle", "bottom"]

# %%
data = toile.Dataset.from_arrays(X, y, X_test, y_test, class_names=names)
data

# %%
recipe = toile.Recipe.preset("quick").replace(epochs=2, seed=3, **{"network.conv1.filters": 4})
recipe = recipe.replace({"data.validation": 40, "training.batch_size": 32, "training.threads": 1})
run = toile.train(recipe, data, progress=True)
run

# %%
score = run.score
print(score.low < score.value <= score.high, score.n, score.of)

# %%
net = run.classifier("best")
print(net.predict(X).shape, net.predict_proba(X).shape, net.score(X, y))

# %%
print(run.history.validation_accuracy.shape, run.predictions.shape)

# %%
gelu = recipe.replace({"network.relu1": "gelu"})
relu_runs = [run, toile.train(recipe.replace(seed=4), data)]
gelu_runs = [toile.train(gelu.replace(seed=seed), data) for seed in (3, 4)]
scores = {"relu": np.array([one.score.value for one in relu_runs]), "gelu": np.array([0.9, 0.8])}
asked = toile.Study(recipe="quick", vary={"network.relu1": {"relu": "relu", "gelu": "gelu"}})
print(toile.judge_readings(scores).unit, asked.readings)
compared = toile.compare({"relu": relu_runs, "gelu": gelu_runs})
compared.verdict

# %%
run.plan
