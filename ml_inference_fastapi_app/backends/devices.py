"""Which device, which number format, and what else a measurement on them hangs on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

DTypeName = Literal["auto", "float32", "float16", "bfloat16"]
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def device_of(wanted: str) -> torch.device:
    """`wanted` is auto, cpu, cuda or cuda:N."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(wanted)
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device


def dtype_of(wanted: DTypeName, device: torch.device) -> torch.dtype:
    """Half the bits where the device computes with them faster than with all."""
    if wanted != "auto":
        return _DTYPES[wanted]
    if device.type == "cuda":
        return torch.float16  # every CUDA device since 2016; three more bits of precision than bf16
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32


def conditions_of(device: torch.device) -> tuple[str, ...]:
    """Whatever, beside the model, makes a batch faster, slower or larger: another machine, driver
    or torch has other conditions."""
    version = f"torch {torch.__version__}"
    if device.type == "cuda":
        driver = _NVIDIA_DRIVER.read_text("ascii", "replace") if _NVIDIA_DRIVER.is_file() else ""
        properties = torch.cuda.get_device_properties(device)
        memory = f"{properties.total_memory} bytes"
        return (properties.name, memory, driver.partition("\n")[0].strip(), version)
    name = str(torch.cpu.get_capabilities().get("cpu_name", ""))
    return (name, f"{torch.get_num_threads()} threads", version)
