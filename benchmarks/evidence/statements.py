"""What the document says, statement by statement in a few words of our own, and what others have found: the two columns of docs/evidence.md
that are not measured. The rules' pages tell more of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_DROPOUT = "Srivastava et al., JMLR 2014"
_PRELU = "He et al., arXiv 1502.01852"
_CAFFENET = "Mishkin et al., arXiv 1606.02228, CaffeNet-128"
_GROUP_NORM = "Wu and He, ECCV 2018"


@dataclass(frozen=True)
class Statement:
    """`says` is the document's advice, `literature` what speaks for it and against it, with sources."""

    says: str
    literature: str


STATEMENTS: Mapping[str, Statement] = {
    "S1": Statement(
        "dropout after every fully-connected layer wider than 256",
        f"For: error on CIFAR-10 14.98 -> 14.32 %, on SVHN 3.95 -> 3.02 % ({_DROPOUT}). Against: with a batch norm on the path the "
        "variance shifts between training and test (Li et al., arXiv 1801.05134).",
    ),
    "S2": Statement(
        "as a rule no dropout between convolutions",
        "For: single elements are weak noise on feature maps, whole regions do better (Ghiasi et al., DropBlock, NeurIPS 2018). Against: "
        f"dropout in all layers took CIFAR-10 from 14.32 to 12.61 % ({_DROPOUT}).",
    ),
    "S3": Statement(
        "a new mask in every training step, none at test",
        "For: the definition; `F.dropout` has `training=True` as its default (PyTorch). Against: leaving it on is a method where "
        "predictions are sampled (Gal and Ghahramani, ICML 2016).",
    ),
    "S4": Statement(
        "dropout loses information and time, and may not suit small data",
        f"For: no gain on the very smallest training sets; rates of .5 for hidden units and .2 for inputs ({_DROPOUT}).",
    ),
    "S5": Statement(
        "batch norm: each feature to mean 0 and variance 1 over the batch, then a learned scale and shift",
        "For: the definition; a bias before it has no effect and is left out (Ioffe and Szegedy, arXiv 1502.03167, 3.2).",
    ),
    "S6": Statement(
        "batch norm after convolutions",
        f"For: ResNet-50 to 23.6 % error on ImageNet ({_GROUP_NORM}). Against: deep networks train without, by initialisation (Fixup, "
        "arXiv 1901.09321) or standardised weights (NFNet, arXiv 2102.06171).",
    ),
    "S7": Statement(
        "batch norm is unusual after fully-connected layers",
        "Against: the projection heads of SimCLR (arXiv 2002.05709) and BYOL (arXiv 2006.07733) have it there. For: nothing known to us.",
    ),
    "S8": Statement(
        "batch norm is poor when batches are small",
        "For: error of ResNet-50 at 32, 8, 4, 2 images a device: batch norm 23.6, 24.8, 27.3, 34.7 %, group norm 24.1, 24.0, 24.2, 24.1 % "
        f"({_GROUP_NORM}).",
    ),
    "S9": Statement(
        "layer norm for sequences, recurrent networks and transformers",
        "For: batch statistics of text fluctuate, and plain batch norm degrades a transformer (Shen et al., PowerNorm, ICML 2020). "
        "Against: batch norm did well on series of equal length (Zerveas et al., KDD 2021).",
    ),
    "S10": Statement(
        "batch norm for images and convolutional networks",
        f"For: all channels normalised together do worse than groups of them ({_GROUP_NORM}). Against: ConvNeXt (arXiv 2201.03545) has "
        "layer norm over channels.",
    ),
    "S11": Statement(
        "both norms curb vanishing and exploding gradients",
        "Against, for batch norm: without skip connections it makes gradients grow exponentially with depth (Yang et al., "
        "arXiv 1902.08129).",
    ),
    "S12": Statement(
        "a penalty added to the loss regularises",
        "For: a small decay suppresses the weights that the data does not determine (Krogh and Hertz, NIPS 1991). Against: large networks "
        "often generalise without one (Zhang et al., arXiv 1611.03530).",
    ),
    "S13": Statement(
        "L1, the sum of absolute weights, makes weights sparse",
        "For: with L1 the samples needed grow with the logarithm of the number of irrelevant features (Ng, ICML 2004). Against: plain "
        "gradient steps jump over zero and do not stay there, without a threshold or a proximal step.",
    ),
    "S14": Statement(
        "L2 shrinks all weights; the words have the root of the sum of squares, the formula the sum",
        "The sum: PyTorch's `weight_decay`. The root is another penalty, the group lasso (Yuan and Lin, 2006).",
    ),
    "S15": Statement(
        "the coefficient is chosen: from 0 upwards",
        "Recipes: 1e-4 (ResNet, arXiv 1512.03385), 5e-4 (VGG, arXiv 1409.1556), with AdamW up to 0.3 (ViT, arXiv 2010.11929).",
    ),
    "S16": Statement(
        "L2 is used more; L1 where few features matter",
        "For: with L2 the samples needed grow linearly with the irrelevant features, with L1 by their logarithm (Ng, ICML 2004).",
    ),
    "S16+": Statement(
        "(beyond the document) no weight decay on slopes of PReLU, biases and norms",
        f"For: the paper on PReLU ({_PRELU}) and PyTorch's page decay no slopes; before a norm, decay acts "
        "as a learning rate (van Laarhoven, arXiv 1706.05350). Against: ablations on biases and norms find next to no difference.",
    ),
    "S17": Statement(
        "activations saturate (sigmoid, tanh) or do not",
        "For: the top hidden sigmoid layer saturates at the start of training (Glorot and Bengio, AISTATS 2010).",
    ),
    "S18": Statement(
        "sigmoid gives values from 0 to 1, tanh is a stretched sigmoid",
        "For: the definitions; PyTorch's cross entropies ask for raw scores, and apply softmax or sigmoid themselves.",
    ),
    "S19": Statement(
        "ReLU, Leaky ReLU (fixed slope), PReLU (learned), RReLU (random in training, fixed at test), ELU",
        f"For: the definitions ({_PRELU}, arXiv 1505.00853, arXiv 1511.07289).",
    ),
    "S20": Statement(
        "ELU has a mean near zero and converges faster",
        f"For: 24.28 % error on CIFAR-100 (Clevert et al., arXiv 1511.07289); without batch norm .488 accuracy against ReLU's .471 "
        f"({_CAFFENET}). Against: with it .498 against .499 (the same).",
    ),
    "S21": Statement(
        "without batch norm, ReLU networks of more than 30 layers do not converge; PReLU diverges with fan-in initialisation, ELU does not",
        f"For and against: a 30-layer ReLU network converges with the right initialisation, and not with the older one ({_PRELU}).",
    ),
    "S22": Statement(
        "PReLU with a small slope, .1, in the place of ReLU, which can be stuck",
        f"For: ImageNet error 24.02 -> 22.97 % in model A ({_PRELU}), which starts at .25, not .1. Against: with batch norm .503 "
        f"against .499 ({_CAFFENET}).",
    ),
    "S23": Statement("ELU is good, but costs more", "For: an exponential for each negative element. We know no study of the cost alone."),
    "S24": Statement(
        "no activation between a convolution and max pooling; pool first",
        "For: exact for every non-decreasing function, and less work. Against: AlexNet, VGG and ResNet as torchvision has them activate "
        "first, and a compiler can fuse a convolution and its ReLU.",
    ),
    "S25": Statement(
        "avoid sigmoid and tanh: they cost, saturate and can stop the gradient, more so the deeper",
        f"For: accuracy .401 with tanh, .471 with ReLU ({_CAFFENET}). Against: tanh is the best choice of a large study of reinforcement "
        "learning (arXiv 2006.05990).",
    ),
    "S26": Statement(
        "take ReLU or PReLU instead: sparse, robust gradients",
        "For: rectifiers do as well as tanh or better, with true zeros (Glorot et al., AISTATS 2011).",
    ),
}
"""By S-number, in the document's order; S16+ is advice beyond it that has an experiment."""
