import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Brings Kafka's ACLs and quotas to what standard input says: Access.java PROPERTIES PREFIX
 *
 * <p>Lines, parts between tabs: "acl USER TYPE PATTERN NAME OPERATION", "quota USER KEY VALUE". What
 * users beginning with PREFIX have beside that is taken away; other users are left alone. Prints one
 * line: "N granted, N taken away, N quotas set, N removed". Librdkafka has no call for quotas.
 */
public final class Access {
  private static final Set<AclBinding> wantedAcls = new HashSet<>();
  private static final Map<String, Map<String, Double>> wantedQuotas = new TreeMap<>();

  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (FileReader file = new FileReader(arguments[0])) {
      properties.load(file);
    }
    readWanted();
    try (Admin admin = Admin.create(properties)) {
      System.out.println(setAcls(admin, arguments[1]) + ", " + setQuotas(admin, arguments[1]));
    }
  }

  private static void readWanted() throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] part = line.split("\t");
      if (part[0].equals("acl")) {
        ResourceType type = ResourceType.valueOf(part[2]);
        PatternType pattern = PatternType.valueOf(part[3]);
        AclOperation operation = AclOperation.valueOf(part[5]);
        wantedAcls.add(
            new AclBinding(
                new ResourcePattern(type, part[4], pattern),
                new AccessControlEntry("User:" + part[1], "*", operation, AclPermissionType.ALLOW)));
      } else {
        wantedQuotas
            .computeIfAbsent(part[1], user -> new TreeMap<>())
            .put(part[2], Double.valueOf(part[3]));
      }
    }
  }

  private static String setAcls(Admin admin, String prefix) throws Exception {
    Set<AclBinding> there = new HashSet<>();
    for (AclBinding acl : admin.describeAcls(AclBindingFilter.ANY).values().get()) {
      if (acl.entry().principal().startsWith("User:" + prefix)) there.add(acl);
    }
    Set<AclBinding> missing = new HashSet<>(wantedAcls);
    missing.removeAll(there);
    there.removeAll(wantedAcls);
    // First granted, then taken away: nobody is without what he keeps.
    admin.createAcls(missing).all().get();
    List<AclBindingFilter> surplus = new ArrayList<>();
    for (AclBinding acl : there) surplus.add(acl.toFilter());
    admin.deleteAcls(surplus).all().get();
    return missing.size() + " granted, " + surplus.size() + " taken away";
  }

  private static String setQuotas(Admin admin, String prefix) throws Exception {
    Map<ClientQuotaEntity, Map<String, Double>> there =
        admin
            .describeClientQuotas(
                ClientQuotaFilter.contains(
                    List.of(ClientQuotaFilterComponent.ofEntityType(ClientQuotaEntity.USER))))
            .entities()
            .get();
    Map<ClientQuotaEntity, List<ClientQuotaAlteration.Op>> changes = new HashMap<>();
    int removed = 0;
    for (Map.Entry<ClientQuotaEntity, Map<String, Double>> entry : there.entrySet()) {
      Map<String, String> names = entry.getKey().entries();
      String user = names.get(ClientQuotaEntity.USER);
      if (user == null || !user.startsWith(prefix)) continue;
      Set<String> surplus = new HashSet<>(entry.getValue().keySet());
      if (names.size() == 1) surplus.removeAll(wantedQuotas.getOrDefault(user, Map.of()).keySet());
      for (String key : surplus) {
        changes
            .computeIfAbsent(entry.getKey(), entity -> new ArrayList<>())
            .add(new ClientQuotaAlteration.Op(key, null));
      }
      removed += surplus.size();
    }
    int set = 0;
    for (Map.Entry<String, Map<String, Double>> user : wantedQuotas.entrySet()) {
      ClientQuotaEntity named =
          new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user.getKey()));
      Map<String, Double> now = there.getOrDefault(named, Map.of());
      for (Map.Entry<String, Double> quota : user.getValue().entrySet()) {
        if (quota.getValue().equals(now.get(quota.getKey()))) continue;
        changes
            .computeIfAbsent(named, entity -> new ArrayList<>())
            .add(new ClientQuotaAlteration.Op(quota.getKey(), quota.getValue()));
        set += 1;
      }
    }
    List<ClientQuotaAlteration> alterations = new ArrayList<>();
    changes.forEach((entity, ops) -> alterations.add(new ClientQuotaAlteration(entity, ops)));
    admin.alterClientQuotas(alterations).all().get();
    return set + " quotas set, " + removed + " removed";
  }
}
