package vedette;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * Submits jobs written in SQL: SubmitSql NAME=VALUE... -- COMMON_FILE JOB_FILE[@CHECKPOINT]...
 *
 * <p>A job is its file behind the common one, and is named by it. Statements end with a semicolon at
 * the end of a line; a statement set, which has semicolons inside, with a line "END;". ${NAME}
 * stands for its value, ${job} for the job's name, SET 'key' = 'value' for Flink's configuration.
 * Names with a dot are configuration, too; those that begin with "kafka." are a property of every
 * Kafka table, for instance kafka.security.protocol. Prints "job NAME ID" for each.
 */
public final class SubmitSql {
  private static final Pattern SET = Pattern.compile("SET\\s+'([^']+)'\\s*=\\s*'([^']*)'");
  private static final Pattern NAME = Pattern.compile("\\$\\{([a-z_]+)\\}");

  private static final String KAFKA = "kafka.";
  private static final String CONNECTOR = "'connector' = 'kafka'";

  public static void main(String[] arguments) throws Exception {
    Map<String, String> values = new TreeMap<>();
    int i = 0;
    for (; !arguments[i].equals("--"); ++i) {
      String[] pair = arguments[i].split("=", 2);
      values.put(pair[0], pair[1]);
    }
    String common = Files.readString(Path.of(arguments[++i]));
    for (++i; i < arguments.length; ++i) {
      String[] job = arguments[i].split("@", 2);
      Path file = Path.of(job[0]);
      values.put("job", file.getFileName().toString().replaceFirst("\\.sql$", ""));
      values.put("pipeline.name", values.get("job"));
      values.remove("execution.state-recovery.path");
      if (job.length > 1) values.put("execution.state-recovery.path", job[1]);
      submit(statementsOf(filled(common + "\n" + Files.readString(file), values)), values);
    }
  }

  private static void submit(List<String> statements, Map<String, String> values)
      throws Exception {
    Configuration configuration = new Configuration();
    values.forEach(
        (name, value) -> {
          if (name.contains(".") && !name.startsWith(KAFKA)) configuration.setString(name, value);
        });
    for (String statement : statements) {
      Matcher set = SET.matcher(statement);
      if (set.matches()) configuration.setString(set.group(1), set.group(2));
    }
    StreamTableEnvironment tables =
        StreamTableEnvironment.create(new StreamExecutionEnvironment(configuration));
    for (String statement : statements) {
      if (SET.matcher(statement).matches()) continue;
      TableResult result = tables.executeSql(statement);
      if (statement.startsWith("EXPLAIN")) result.print();
      result
          .getJobClient()
          .ifPresent(job -> System.out.println("job " + values.get("job") + " " + job.getJobID()));
    }
  }

  private static String filled(String text, Map<String, String> values) {
    StringBuilder connector = new StringBuilder(CONNECTOR);
    values.forEach(
        (name, value) -> {
          if (!name.startsWith(KAFKA)) return;
          String property = "properties." + name.substring(KAFKA.length());
          connector.append(", '" + property + "' = '" + value.replace("'", "''") + "'");
        });
    return NAME.matcher(text.replace(CONNECTOR, connector))
        .replaceAll(
            found -> {
              String value = values.get(found.group(1));
              if (value == null) throw new IllegalArgumentException("no value: " + found.group());
              return Matcher.quoteReplacement(value);
            });
  }

  private static List<String> statementsOf(String text) {
    List<String> statements = new ArrayList<>();
    StringBuilder statement = new StringBuilder();
    for (String line : text.split("\n")) {
      if (line.strip().startsWith("--") || line.isBlank()) continue;
      statement.append(line).append('\n');
      boolean set = statement.indexOf("EXECUTE STATEMENT SET") == 0;
      if (set ? line.strip().equals("END;") : line.stripTrailing().endsWith(";")) {
        String whole = statement.toString().strip();
        statements.add(whole.substring(0, whole.length() - 1));
        statement.setLength(0);
      }
    }
    if (statement.length() > 0) throw new IllegalArgumentException("no end: " + statement);
    return statements;
  }
}
