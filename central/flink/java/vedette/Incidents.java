package vedette;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import org.apache.flink.table.annotation.ArgumentHint;
import org.apache.flink.table.annotation.ArgumentTrait;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.StateHint;
import org.apache.flink.table.functions.ProcessTableFunction;
import org.apache.flink.types.Row;

/**
 * Sessions of alerts about one subject, told while they last: opened with the first alert, told
 * again with a new revision when an alert, a sensor or a severity comes to it, closed after a gap.
 *
 * <p>Time is twofold. Whether two alerts belong together is decided by the events' own times, and
 * an alert that comes late, from a sensor that was cut off, joins what it belongs to. When to close
 * is decided by on_time, the broker's, in which nothing is late.
 */
@DataTypeHint(
    "ROW<id STRING, incident_id STRING, revision INT, state STRING, category STRING,"
        + " severity STRING, start_ms BIGINT, last_ms BIGINT, subject_role STRING,"
        + " alert_ids ARRAY<STRING>, sensors ARRAY<STRING>, devices INT, alert_count BIGINT,"
        + " message STRING>")
public final class Incidents extends ProcessTableFunction<Row> {
  private static final int IDS_MAX = 100;
  private static final int SENSORS_MAX = 100;
  private static final List<String> SEVERITIES = List.of("low", "medium", "high", "critical");

  /** One session; startMs is negative when there is none. */
  public static final class Session {
    public String subject = "";
    public String role = "";
    public long firstMs = -1; // of the first alert told: stays, should an earlier one come
    public long startMs = -1;
    public long lastMs = -1;
    public int revision = -1;
    public int severity = -1;
    public String category = "";
    public String kind = "";
    public boolean primary = false;
    public long toldLastMs = -1;
    public long count = 0;
    public List<String> alertIds = new ArrayList<>();
    public List<String> sensors = new ArrayList<>();
    public List<String> devices = new ArrayList<>();
  }

  public void eval(
      Context context,
      @StateHint(ttl = "2 days") Session session,
      @ArgumentHint({ArgumentTrait.SET_SEMANTIC_TABLE, ArgumentTrait.REQUIRE_ON_TIME}) Row alert,
      Long gapMs,
      Long updateMs) {
    String alertId = alert.getFieldAs("alert_id");
    if (alertId == null) return; // a tick: it moves time, no more
    long startMs = alert.<Long>getFieldAs("start_ms");
    long lastMs = alert.<Long>getFieldAs("last_ms");
    if (session.startMs >= 0 && startMs > session.lastMs + gapMs) {
      close(session);
      clear(session);
    }
    boolean changed = join(session, alert, alertId, startMs, lastMs);
    if (!isIncident(session)) return;
    TimeContext<Long> time = context.timeContext(Long.class);
    if (changed || session.lastMs >= session.toldLastMs + updateMs) {
      tell(session, session.revision < 0 ? "open" : "update");
    }
    time.registerOnTime("close", time.time() + gapMs);
  }

  public void onTimer(OnTimerContext context, Session session) {
    if (session.startMs >= 0) close(session);
    context.clearAll();
  }

  /** Whether anything but the time of the last alert is new. */
  private static boolean join(
      Session session, Row alert, String alertId, long startMs, long lastMs) {
    session.subject = alert.getFieldAs("subject");
    session.role = alert.getFieldAs("subject_role");
    boolean changed = add(session.alertIds, alertId, IDS_MAX);
    boolean opens = alert.<String>getFieldAs("state").equals("open");
    // Beyond the listed ones an alert is counted where it opens.
    if (changed || (opens && !session.alertIds.contains(alertId))) session.count++;
    changed |= add(session.sensors, alert.getFieldAs("sensor"), SENSORS_MAX);
    add(session.devices, alert.getFieldAs("device"), IDS_MAX);
    session.primary |= alert.<Boolean>getFieldAs("is_primary");
    session.startMs = session.startMs < 0 ? startMs : Math.min(session.startMs, startMs);
    session.lastMs = Math.max(session.lastMs, lastMs);
    int severity = SEVERITIES.indexOf(alert.<String>getFieldAs("severity"));
    if (severity > session.severity) {
      session.severity = severity;
      session.category = alert.getFieldAs("category");
      session.kind = alert.getFieldAs("kind");
      changed = true;
    }
    return changed;
  }

  /** A peer is a subject only when several targets name it, or an alert is about it. */
  private static boolean isIncident(Session session) {
    return session.primary || session.devices.size() > 1;
  }

  private static boolean add(List<String> sorted, String text, int max) {
    if (text == null || sorted.size() >= max || sorted.contains(text)) return false;
    TreeSet<String> all = new TreeSet<>(sorted);
    all.add(text);
    sorted.clear();
    sorted.addAll(all);
    return true;
  }

  private void close(Session session) {
    if (session.revision >= 0) tell(session, "close");
  }

  private static void clear(Session session) {
    Session fresh = new Session();
    session.startMs = fresh.startMs;
    session.lastMs = fresh.lastMs;
    session.revision = fresh.revision;
    session.severity = fresh.severity;
    session.primary = fresh.primary;
    session.toldLastMs = fresh.toldLastMs;
    session.count = fresh.count;
    session.firstMs = fresh.firstMs;
    session.alertIds = fresh.alertIds;
    session.sensors = fresh.sensors;
    session.devices = fresh.devices;
  }

  private void tell(Session session, String state) {
    session.revision++;
    session.toldLastMs = session.lastMs;
    if (session.firstMs < 0) session.firstMs = session.startMs;
    String incident = idOf(session.role, session.subject, Long.toString(session.firstMs));
    collect(
        Row.of(
            idOf(incident, state, Integer.toString(session.revision)), incident, session.revision,
            state, session.category, SEVERITIES.get(Math.max(session.severity, 0)), session.firstMs,
            session.lastMs, session.role, session.alertIds.toArray(new String[0]),
            session.sensors.toArray(new String[0]), session.devices.size(), session.count,
            message(session)));
  }

  private static String message(Session session) {
    String seen = session.sensors.size() == 1 ? "1 sensor" : session.sensors.size() + " sensors";
    String alerts = session.count == 1 ? "1 alert" : session.count + " alerts";
    return String.format(
        "%s %s: %s from %s, first of all %s", session.role, session.subject, alerts, seen,
        session.kind);
  }

  /** The first 128 bits of SHA-256 over the parts, each ended by a newline, as of every event. */
  private static String idOf(String... parts) {
    try {
      byte[] text = (String.join("\n", parts) + "\n").getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text), 0, 16);
    } catch (NoSuchAlgorithmException never) {
      throw new IllegalStateException(never);
    }
  }
}
