package vedette;

import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.functions.ScalarFunction;

/**
 * Why a message is of no use, or null when it is: `needs` names the fields without which no job can
 * use it, with spaces between. A field is there when it is not null; `schema` must be 1;
 * NAME:count is a whole number from 0; NAME:time is one, too, not more than five minutes after the
 * broker received it and not before the NAME:time named earlier.
 */
public final class Refusal extends ScalarFunction {
  private static final long AHEAD_MAX_MS = 300_000;
  private final JsonFactory json = new JsonFactory();

  public String eval(
      @DataTypeHint("BYTES") byte[] value,
      String needs,
      @DataTypeHint("TIMESTAMP_LTZ(3)") Instant received) {
    if (value == null || value.length == 0) return "empty";
    Map<String, String> fields = new HashMap<>();
    try (JsonParser parser = json.createParser(value)) {
      if (!read(parser, fields)) return "not_json";
    } catch (IOException bad) {
      return "not_json";
    }
    return judge(fields, needs.split(" "), received.toEpochMilli());
  }

  /** Fields of the object and their texts; those of lists and objects are empty. */
  private static boolean read(JsonParser parser, Map<String, String> fields) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) return false;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      if (token == null) return false;
      if (token.isStructStart()) {
        parser.skipChildren();
        fields.put(name, "");
      } else if (token != JsonToken.VALUE_NULL) {
        fields.put(name, parser.getText());
      }
    }
    return parser.currentToken() == JsonToken.END_OBJECT;
  }

  private static String judge(Map<String, String> fields, String[] needs, long receivedMs) {
    long lastMs = 0;
    for (String need : needs) {
      String[] parts = need.split(":");
      String text = fields.get(parts[0]);
      if (parts[0].equals("schema") && !"1".equals(text)) return "schema";
      if (text == null) return "missing_field";
      if (parts.length == 1) continue;
      long number = numberOf(text);
      if (number < 0) return "bad_value";
      if (parts[1].equals("count")) continue;
      if (number < lastMs) return "bad_value";
      if (number - AHEAD_MAX_MS > receivedMs) return "clock";
      lastMs = number;
    }
    return null;
  }

  private static long numberOf(String text) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException none) {
      return -1;
    }
  }
}
