"""Rows as text, for people and for docs/performance.md."""

VERDICTS = {"aim": "aim reached", "reach": "reached", "missed": "MISSED", "": ""}


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def print_rows(rows):
    print("| work | measured | lowest, highest | reach | aim | |\n|---|---|---|---|---|---|")
    for row in rows:
        if row["value"] is None:
            print(f"| {row['name']} | not measured: {row['note']} | | {row['reach_text']} "
                  f"| {row['aim_text']} | |")
            continue
        print(f"| {row['name']} | {number(row['value'])} {row['unit']} "
              f"| {number(row['low'])}, {number(row['high'])} | {row['reach_text']} "
              f"| {row['aim_text']} | {VERDICTS[row['verdict']]} |")
    for row in rows:
        if row["note"] and row["value"] is not None:
            print(f"- {row['name']}: {row['note']}")


def print_floors(floors):
    print("\n| floor, on the same packets in the same run | M packets per CPU second | ns a packet "
          "|\n|---|---|---|")
    for name, rate in floors.items():
        print(f"| {name} | {rate / 1e6:.1f} | {1e9 / rate:.1f} |" if isinstance(rate, float) else
              f"| {name} | {rate} | |")


def print_others(others, captures):
    """others: {program: {capture: (M packets per CPU second, resident MiB)}}"""
    print("\nM packets per CPU second (largest resident MiB); in brackets, how many times as many "
          "Vedette does.\n")
    print(f"| program | {' | '.join(captures)} |\n|---{'|---' * len(captures)}|")
    ours = others.get("vedette replay", {})
    for name, by_capture in others.items():
        cells = []
        for capture in captures:
            cell = by_capture.get(capture)
            if not cell or "skipped" in cell:
                cells.append((cell or {}).get("skipped", "-"))
                continue
            times = ours[capture]["packets_per_s"] / cell["packets_per_s"] if ours else 0
            cells.append(f"{cell['packets_per_s'] / 1e6:.2f} ({cell['resident_mib']:,.0f})"
                         + ("" if name == "vedette replay" else f" [{times:.1f}]"))
        print(f"| {name} | {' | '.join(cells)} |")
