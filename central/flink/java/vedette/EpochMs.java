package vedette;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.functions.ScalarFunction;

/** Milliseconds since 1970 of a window's bound, which SQL has as a time of day in UTC. */
public final class EpochMs extends ScalarFunction {
  public @DataTypeHint("BIGINT NOT NULL") long eval(
      @DataTypeHint("TIMESTAMP(3)") LocalDateTime time) {
    return time.toInstant(ZoneOffset.UTC).toEpochMilli();
  }
}
