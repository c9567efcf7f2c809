package vedette;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.table.annotation.ArgumentHint;
import org.apache.flink.table.annotation.ArgumentTrait;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.StateHint;
import org.apache.flink.table.functions.ProcessTableFunction;
import org.apache.flink.types.Row;

/**
 * What the whole organisation knows of one address outside: told when it is first seen, and once
 * more, as a campaign, when so many devices send to it within a time of its first appearance.
 * Services that everybody uses have been seen before. An address of which nothing is heard for the
 * time to live is forgotten.
 */
@DataTypeHint(
    "ROW<event STRING, first_ms BIGINT, last_ms BIGINT, devices ARRAY<STRING>, device_count INT,"
        + " `bytes` BIGINT>")
public final class Destinations extends ProcessTableFunction<Row> {
  /** devices is bounded by the number that makes a campaign. */
  public static final class Known {
    public long firstMs = -1;
    public long lastMs = -1;
    public long bytes = 0;
    public boolean told = false;
    public List<String> devices = new ArrayList<>();
  }

  public void eval(
      @StateHint(ttl = "30 days") Known known,
      @ArgumentHint(ArgumentTrait.SET_SEMANTIC_TABLE) Row sent,
      Integer devicesMin,
      Long withinMs) {
    long atMs = sent.<Long>getFieldAs("window_start_ms");
    boolean first = known.firstMs < 0;
    known.firstMs = first ? atMs : Math.min(known.firstMs, atMs);
    known.lastMs = Math.max(known.lastMs, atMs);
    if (first) tell(known, "first_seen", sent);
    if (known.told || known.lastMs - known.firstMs > withinMs) return;
    String device = sent.getFieldAs("device");
    known.bytes += sent.<Long>getFieldAs("bytes");
    if (!known.devices.contains(device)) known.devices.add(device);
    if (known.devices.size() >= devicesMin) {
      tell(known, "campaign", sent);
      known.told = true;
      known.devices.clear();
    }
  }

  private void tell(Known known, String event, Row sent) {
    boolean first = event.equals("first_seen");
    List<String> devices = first ? List.of(sent.<String>getFieldAs("device")) : known.devices;
    long bytes = first ? sent.<Long>getFieldAs("bytes") : known.bytes;
    String[] sorted = devices.stream().sorted().toArray(String[]::new);
    collect(Row.of(event, known.firstMs, known.lastMs, sorted, sorted.length, bytes));
  }
}
