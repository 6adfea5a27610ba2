"""Training: optimizers, data loaders and random augmentations."""

from __future__ import annotations

from collections.abc import Mapping

_BETAS = "betas=(0.9, 0.999), eps=1e-08, weight_decay"
_FLAGS = "foreach=None, maximize=False, capturable=False, differentiable=False"

OPTIMIZERS: Mapping[str, str] = {
    "torch.optim.SGD": (
        "params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, foreach=None, "
        "differentiable=False, fused=None"
    ),
    "torch.optim.Adam": f"params, lr=0.001, {_BETAS}=0, amsgrad=False, *, {_FLAGS}, fused=None, decoupled_weight_decay=False",
    "torch.optim.AdamW": (
        f"params, lr=0.001, {_BETAS}=0.01, amsgrad=False, *, maximize=False, foreach=None, capturable=False, differentiable=False, "
        "fused=None"
    ),
    "torch.optim.Adamax": f"params, lr=0.002, {_BETAS}=0, foreach=None, *, maximize=False, differentiable=False, capturable=False",
    "torch.optim.NAdam": f"params, lr=0.002, {_BETAS}=0, momentum_decay=0.004, decoupled_weight_decay=False, *, {_FLAGS}",
    "torch.optim.RAdam": f"params, lr=0.001, {_BETAS}=0, decoupled_weight_decay=False, *, {_FLAGS}",
    "torch.optim.SparseAdam": "params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, maximize=False",
    "torch.optim.RMSprop": (
        "params, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False, capturable=False, foreach=None, "
        "maximize=False, differentiable=False"
    ),
    "torch.optim.Rprop": (
        "params, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-06, 50), *, capturable=False, foreach=None, maximize=False, differentiable=False"
    ),
    "torch.optim.Adagrad": (
        "params, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, maximize=False, "
        "differentiable=False, fused=None"
    ),
    "torch.optim.Adadelta": (
        "params, lr=1.0, rho=0.9, eps=1e-06, weight_decay=0, foreach=None, *, capturable=False, maximize=False, differentiable=False"
    ),
    "torch.optim.ASGD": (
        "params, lr=0.01, lambd=0.0001, alpha=0.75, t0=1000000.0, weight_decay=0, foreach=None, maximize=False, "
        "differentiable=False, capturable=False"
    ),
    "torch.optim.LBFGS": (
        "params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-07, tolerance_change=1e-09, history_size=100, "
        "line_search_fn=None, *, maximize=False"
    ),
    "torch.optim.Adafactor": (
        "params, lr=0.01, beta2_decay=-0.8, eps=(None, 0.001), d=1.0, weight_decay=0.0, *, foreach=None, maximize=False"
    ),
    "torch.optim.Muon": (
        "params, lr=0.001, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.775, 2.0315), eps=1e-07, "
        "ns_steps=5, adjust_lr_fn=None"
    ),
}
"""The optimizers' signatures with PyTorch's defaults."""

DATALOADER: str = (
    "dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None, pin_memory=False, "
    "drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None, generator=None, *, prefetch_factor=None, "
    "persistent_workers=False, pin_memory_device='', in_order=True"
)
"""The signature of `torch.utils.data.DataLoader`."""

_TRANSFORMS = (
    "AugMix AutoAugment ColorJitter ElasticTransform RandAugment RandomAdjustSharpness RandomAffine RandomApply RandomAutocontrast "
    "RandomChoice RandomCrop RandomEqualize RandomErasing RandomGrayscale RandomHorizontalFlip RandomInvert RandomOrder "
    "RandomPerspective RandomPosterize RandomResizedCrop RandomRotation RandomSolarize RandomVerticalFlip TrivialAugmentWide "
    "GaussianBlur"
)
_TRANSFORMS_V2 = (
    "CutMix GaussianNoise JPEG MixUp RandomChannelPermutation RandomIoUCrop RandomPhotometricDistort RandomResize RandomShortestSize "
    "RandomZoomOut ScaleJitter"
)

RANDOM_TRANSFORMS: frozenset[str] = frozenset(
    [f"torchvision.transforms.{name}" for name in _TRANSFORMS.split()]
    + [f"torchvision.transforms.v2.{name}" for name in f"{_TRANSFORMS} {_TRANSFORMS_V2}".split()]
)
"""torchvision's random augmentations."""

RANDOM_TRANSFORM_PACKAGES: tuple[str, ...] = ("albumentations.", "kornia.augmentation.")
"""Packages whose classes are random augmentations, but for `_DETERMINISTIC`."""

_DETERMINISTIC = (
    "BasicTransform BboxParams CenterCrop Compose Crop Denormalize DualTransform FromFloat ImageOnlyTransform ImageSequential "
    "KeypointParams Lambda LongestMaxSize NoOp Normalize PadIfNeeded PadTo PatchSequential ReplayCompose Resize Sequential "
    "SmallestMaxSize ToFloat ToGray ToRGB ToTensor ToTensorV2 VideoSequential AugmentationSequential"
)
"""Their containers, base classes and fixed transforms."""


def is_random_transform(name: str) -> bool:
    """Whether a class, by qualified name, is a random augmentation of torchvision, albumentations or kornia."""
    if name in RANDOM_TRANSFORMS:
        return True
    return name.startswith(RANDOM_TRANSFORM_PACKAGES) and name.rpartition(".")[2] not in _DETERMINISTIC.split()
