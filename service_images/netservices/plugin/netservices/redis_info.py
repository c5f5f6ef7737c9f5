"""What Redis says about itself. Pure."""

from netservices.persona import Persona


def info(persona: Persona, uptime: float, section: str) -> str:
    """Write the answer to INFO.

    Args:
        persona: the machine.
        uptime: seconds.
        section: the one asked for in lower case; empty, `all`, `default` and `everything` are all.
    """
    software, identity = persona.software, persona.identity
    memory = 900_000 + identity.number("redis-memory", 400_000)
    sections: dict[str, dict[str, object]] = {
        "Server": {
            "redis_version": software.redis,
            "redis_git_sha1": "00000000",
            "redis_git_dirty": 0,
            "redis_build_id": identity.derive("redis-build", 8).hex(),
            "redis_mode": "standalone",
            "os": software.redis_os,
            "arch_bits": 64,
            "multiplexing_api": "WinSock_IOCP" if persona.os_family == "windows" else "epoll",
            "process_id": 400 + identity.number("redis-pid", 1500),
            "run_id": identity.derive("redis-run", 20).hex(),
            "tcp_port": 6379,
            "uptime_in_seconds": int(uptime),
            "uptime_in_days": int(uptime // 86400),
            "hz": 10,
            "executable": "/usr/bin/redis-server",
            "config_file": "/etc/redis/redis.conf",
        },
        "Clients": {"connected_clients": 1, "maxclients": 10000, "blocked_clients": 0},
        "Memory": {"used_memory": memory, "used_memory_human": f"{memory / 1024:.2f}K", "maxmemory": 0},
        "Persistence": {"loading": 0, "rdb_changes_since_last_save": 0, "rdb_bgsave_in_progress": 0, "aof_enabled": 0},
        "Stats": {
            "total_connections_received": int(uptime // 3600) + 1,
            "total_commands_processed": int(uptime // 900),
        },
        "Replication": {
            "role": "master",
            "connected_slaves": 0,
            "master_replid": identity.derive("redis-replid", 20).hex(),
        },
        "CPU": {"used_cpu_sys": round(uptime / 901, 6), "used_cpu_user": round(uptime / 767, 6)},
        "Cluster": {"cluster_enabled": 0},
        "Keyspace": {},
    }
    if persona.os_family == "windows":
        sections["Server"] |= {"executable": r"C:\Program Files\Redis\redis-server.exe", "config_file": ""}
    wanted = [name for name in sections if section in {"", "all", "default", "everything", name.lower()}]
    return "\r\n".join(
        f"# {name}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in sections[name].items()) for name in wanted
    )
