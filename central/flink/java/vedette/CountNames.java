package vedette;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.flink.table.functions.AggregateFunction;

/** How many names there are in lists of names with commas between: sensors of several minutes. */
public final class CountNames extends AggregateFunction<Integer, CountNames.State> {
  /** Sorted, each once. */
  public static final class State {
    public List<String> names = new ArrayList<>();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, String list) {
    if (list != null) add(state, List.of(list.split(",")));
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) add(state, other.names);
  }

  @Override
  public Integer getValue(State state) {
    return state.names.size();
  }

  private static void add(State state, List<String> names) {
    TreeSet<String> all = new TreeSet<>(state.names);
    if (all.addAll(names)) state.names = new ArrayList<>(all);
  }
}
