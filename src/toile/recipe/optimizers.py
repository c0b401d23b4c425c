"""The optimisers a recipe can name. Defaults are PyTorch's except where a field says otherwise."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from toile.recipe.choice import Choice

LearningRate = Annotated[float, Field(ge=0, le=1e6)]
Decay = Annotated[float, Field(ge=0, le=10)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0, le=1)]
RATE = "Size of a step, before the schedule"
WEIGHT_DECAY = "Pull of the weights towards 0, added to the gradient"
DECOUPLED = "Fraction of a weight taken off at every step, times the learning rate"


class Optimizer(Choice):
    """How weights follow their gradients."""

    shorthand: ClassVar[str | None] = "learning_rate"


class SGD(Optimizer):
    """Stochastic gradient descent."""

    kind: ClassVar[str] = "sgd"
    learning_rate: LearningRate = Field(0.01, description=RATE)
    momentum: Fraction = Field(0.0, description="Fraction of the last step kept")
    nesterov: bool = Field(False, description="Look ahead along the momentum (needs momentum)")
    weight_decay: Decay = Field(0.0, description=WEIGHT_DECAY)

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum; set momentum above 0")
        return self


class Adam(Optimizer):
    """Kingma and Ba 2014, arXiv:1412.6980."""

    kind: ClassVar[str] = "adam"
    learning_rate: LearningRate = Field(1e-3, description=RATE)
    beta1: Fraction = Field(0.9, description="Memory of the mean gradient")
    beta2: Fraction = Field(0.999, description="Memory of the mean squared gradient")
    epsilon: Epsilon = Field(1e-8, description="Added to the root; Keras has 1e-7")
    weight_decay: Decay = Field(0.0, description=WEIGHT_DECAY)


class AdamW(Optimizer):
    """Adam with decoupled weight decay. Loshchilov and Hutter 2017, arXiv:1711.05101."""

    kind: ClassVar[str] = "adamw"
    learning_rate: LearningRate = Field(1e-3, description=RATE)
    beta1: Fraction = Field(0.9, description="Memory of the mean gradient")
    beta2: Fraction = Field(0.999, description="Memory of the mean squared gradient")
    epsilon: Epsilon = Field(1e-8, description="Added to the root; Keras has 1e-7")
    weight_decay: Decay = Field(0.01, description=DECOUPLED)


class Adadelta(Optimizer):
    """Zeiler 2012, arXiv:1212.5701."""

    kind: ClassVar[str] = "adadelta"
    learning_rate: LearningRate = Field(1.0, description=f"{RATE}; today's Keras has .001")
    rho: Fraction = Field(0.9, description="Memory of the squared gradients; Keras has .95")
    epsilon: Epsilon = Field(1e-6, description="Added under the roots; Keras has 1e-7")
    weight_decay: Decay = Field(0.0, description=WEIGHT_DECAY)


class RMSprop(Optimizer):
    """Hinton 2012, lecture 6e of Neural Networks for Machine Learning."""

    kind: ClassVar[str] = "rmsprop"
    learning_rate: LearningRate = Field(1e-3, description=f"{RATE}; PyTorch has .01")
    rho: Fraction = Field(0.9, description="Memory of the squared gradients; PyTorch has .99")
    momentum: Fraction = Field(0.0, description="Fraction of the last step kept")
    epsilon: Epsilon = Field(1e-7, description="Added to the root; PyTorch has 1e-8")
    weight_decay: Decay = Field(0.0, description=WEIGHT_DECAY)


class Muon(Optimizer):
    """Orthogonalised momentum on matrices and convolutions, AdamW on the rest. Jordan 2024."""

    kind: ClassVar[str] = "muon"
    # 0.02, 0.95 and 5 are those of Jordan's own code (github.com/KellerJordan/Muon).
    learning_rate: LearningRate = Field(0.02, description=f"{RATE}, of matrices and convolutions")
    momentum: Fraction = Field(0.95, description="Fraction of the last step kept, looking ahead")
    steps: int = Field(5, ge=1, le=20, description="Newton-Schulz iterations of a step")
    weight_decay: Decay = Field(0.0, description=DECOUPLED)
    adamw_learning_rate: LearningRate = Field(
        2e-3, description="Size of an AdamW step on biases, norms and the last layer"
    )


KINDS: dict[str, type[Optimizer]] = {
    model.kind: model for model in (SGD, Adam, AdamW, Adadelta, RMSprop, Muon)
}
